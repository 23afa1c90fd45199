"""What the chat page shows of a chat: a view of each message, and how it grows."""
