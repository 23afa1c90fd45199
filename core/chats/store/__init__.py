"""Where chats are kept: tables, rows, search, and upgrades of databases."""
