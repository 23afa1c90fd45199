"""The embedded model: its file, its process, and its child's script."""
