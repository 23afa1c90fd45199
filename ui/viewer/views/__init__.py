"""The views of one exchange."""
