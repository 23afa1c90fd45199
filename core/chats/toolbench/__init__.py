"""What the tool page works with: runs, matrices, and what is saved."""
