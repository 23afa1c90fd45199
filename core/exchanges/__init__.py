"""What was recorded: exchanges, their log, masking, and forms to share."""
