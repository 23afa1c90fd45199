"""The keys of a config: what each may hold, and what an unknown one means."""
