"""The request page: comparisons, timelines, pasting, probes."""
