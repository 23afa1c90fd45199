"""The values that chats and matrices are made of."""
