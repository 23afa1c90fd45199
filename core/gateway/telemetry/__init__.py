"""What can be seen of a running gateway: logs, metrics, traces."""
