"""What the request page shows: comparisons, timelines, pasting, probes."""
