"""uvicorn's HTTP protocol, as this gateway and the pages are served by it."""
