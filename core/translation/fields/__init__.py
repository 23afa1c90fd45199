"""FIELDS: each field of a request, with its name in each dialect."""
