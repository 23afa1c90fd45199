"""The config: its files and sections, what each key means, and its checks."""
