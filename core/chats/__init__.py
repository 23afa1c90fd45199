"""Conversations: where they are kept, and the jobs that write their answers."""
