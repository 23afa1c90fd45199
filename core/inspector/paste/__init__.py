"""Reads pasted text: bodies, commands, programs, recordings and logs. Nothing is run."""
