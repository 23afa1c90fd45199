"""Every answer, held against the types of the official packages."""
