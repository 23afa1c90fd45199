"""What a translation did to each field, and why."""
