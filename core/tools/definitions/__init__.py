"""Tool definitions as people have them: read from any format, written in any other."""
