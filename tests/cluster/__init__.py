"""Several gateways as processes of their own, with a real Redis and a real PostgreSQL."""
