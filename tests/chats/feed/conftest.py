"""A service over an Ollama that plays what it is asked for."""

from __future__ import annotations

from tests.support.acted_service import backend, service

__all__ = ["backend", "service"]
