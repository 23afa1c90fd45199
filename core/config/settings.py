"""SETTINGS: the request settings that a deployment may give defaults for, with all their names."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import msgspec

from core.errors import ConfigError, InvalidRequest
from core.translation.codec.json import read_setting
from core.translation.dialects.registry import DIALECTS
from core.translation.fields.field import COMMON

SETTINGS = {key: row for key, row in DIALECTS[COMMON].settings.by_path.items() if "." not in key}
"""The rows of the dialect that most clients speak; aliases come first."""

# os.environ/VAR always gives text, so text that spells the wanted kind is taken as that.
_SPELLED: Mapping[str, Any] = {"integer": int, "number": int | float, "boolean": bool}


def read_settings(params: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Return the defaults for requests by hub name; a setting's own name wins over others.

    Raises ConfigError with the path of a value of the wrong kind.
    """
    found: dict[str, Any] = {}
    for key, row in SETTINGS.items():
        value = params.get(key)
        if value is None:
            continue
        if isinstance(value, str) and row.kind in _SPELLED:
            with suppress(msgspec.ValidationError):  # read_setting says what was wanted
                value = msgspec.convert(value, _SPELLED[row.kind], strict=False)
        try:
            found[row.name] = read_setting(value, row.kind, f"{path}.{key}")
        except InvalidRequest as exc:
            raise ConfigError(exc.message, path=exc.path) from exc
    return found
