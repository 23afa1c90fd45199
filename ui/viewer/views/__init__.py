"""Each way of looking at one exchange."""
