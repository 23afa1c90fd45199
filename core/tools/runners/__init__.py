"""What runs a tool: a sandbox, a trusted process, HTTP, an MCP server."""
