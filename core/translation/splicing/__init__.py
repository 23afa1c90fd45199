"""The short way for the plainest chunks of a stream: their text changes its envelope as bytes."""
