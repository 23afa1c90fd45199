"""HTTP to other servers: our own connections, aiohttp's, and which addresses are allowed."""
