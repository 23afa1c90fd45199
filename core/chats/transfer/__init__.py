"""Chats as files: exports, archives, attachments, and imports."""
