"""ValueKind: what a value of a field may be."""

from __future__ import annotations

from typing import Literal

ValueKind = Literal["number", "integer", "boolean", "strings", "duration", "any"]
