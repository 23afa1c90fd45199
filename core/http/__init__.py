"""HTTP to others: own connections, aiohttp's, and which addresses are allowed."""
