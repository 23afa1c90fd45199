"""Recorded exchanges: their log, masking, and formats for sharing."""
