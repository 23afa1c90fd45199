"""Chats of other products: each read into Diglot's own shape, with a report of what changed."""
