"""Who is looking: accounts, entry, and the cookie that tells browsers apart."""
