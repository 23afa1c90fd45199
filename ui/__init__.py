"""The frame around the pages, and what they share: words, cards, drawing of answers."""
