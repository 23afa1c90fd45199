"""Cases for tools: what is asked, what should be called, and whether it was."""
