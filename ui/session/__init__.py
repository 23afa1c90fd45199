"""Who uses the pages: accounts, entry, and the cookie that identifies a browser."""
