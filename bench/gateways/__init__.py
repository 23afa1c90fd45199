"""The parts of ``bench/gateway.py``: who is measured, the load, and how it is written down."""
