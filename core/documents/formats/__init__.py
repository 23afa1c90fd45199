"""The formats, each a function that yields its text by pages, sheets or slides."""
