"""Bytes and JSON: framing of streams, checked reading, paths."""
