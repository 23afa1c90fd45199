"""Parts of the translation that have no vectors."""
