"""The request page's parts: what is looked at, and each way of looking at it."""
