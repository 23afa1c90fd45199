"""The parts of the tool page."""
