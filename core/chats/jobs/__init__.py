"""Answers while they are written: jobs, what runs them, what they add up to."""
