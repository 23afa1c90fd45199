"""The operator's page, in its parts."""
