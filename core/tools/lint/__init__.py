"""What models stumble on in tool definitions, and how to mend it."""
