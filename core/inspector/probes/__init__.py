"""Probes: small requests that test whether a server does what it claims."""
