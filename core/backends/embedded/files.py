"""The files that an operator names for the embedded model: its weights and what belongs to them."""

from __future__ import annotations

from pathlib import Path

from core.errors import ConfigError

_LARGEST_TEMPLATE = 1024 * 1024
"""Bytes of a chat template; those of models have 1 to 20 KB."""


def check_model(path: Path, key: str) -> None:
    """Check that ``path`` is a GGUF file. Raises ConfigError with ``key``, where it is named.

    A pipe or a device is no file: opening it could wait for ever.
    """
    if _head(path, key, 4) != b"GGUF":
        raise ConfigError(f"{key}: {path} is not a GGUF file", path=key)


def read_template(path: Path, key: str) -> str:
    """Return a chat template. Raises ConfigError with ``key``, where it is named."""
    said = _head(path, key, _LARGEST_TEMPLATE + 1)
    try:
        if len(said) <= _LARGEST_TEMPLATE and (text := said.decode("utf-8-sig")).strip():
            return text
    except UnicodeDecodeError:
        pass
    raise ConfigError(f"{key}: {path} is not a chat template (Jinja, in UTF-8)", path=key)


def _head(path: Path, key: str, size: int) -> bytes:
    try:
        if path.exists() and not path.is_file():
            raise ConfigError(f"{key}: {path} cannot be read: it is no file", path=key)
        with path.open("rb") as file:
            return file.read(size)
    except (OSError, ValueError) as exc:
        # ValueError: a zero byte in its name.
        why = exc.strerror if isinstance(exc, OSError) else str(exc)
        raise ConfigError(f"{key}: {path} cannot be read: {why}", path=key) from exc
