"""The frame around the pages, and the parts they share: words, cards, widgets."""
