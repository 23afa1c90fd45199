"""What people take away from the tool page: programs and tests that run without Diglot's code."""
