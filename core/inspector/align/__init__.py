"""Requests, answers and streams of two dialects, side by side."""
