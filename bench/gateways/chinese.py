"""The results in Chinese: every phrase of the English tables, replaced."""

from __future__ import annotations

import re
from pathlib import Path

import yaml


def chinese(text: str) -> str:
    """Return the English results of a run in Chinese. The phrases are in chinese.yaml."""
    phrases = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8"))
    for pattern, phrase in phrases:
        text = re.sub(pattern, phrase, text)
    return text
