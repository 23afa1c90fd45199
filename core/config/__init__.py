"""The config: its files and sections, what each key means, and what is wrong."""
