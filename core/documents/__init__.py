"""PDF, Word, Excel and PowerPoint files read to text, in a process of their own with limits."""
