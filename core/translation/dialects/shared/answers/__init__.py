"""What reading whole answers and streams has in common."""
