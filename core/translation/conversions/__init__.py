"""The ways of a request: chosen once from a table, bytes in and bytes out."""
