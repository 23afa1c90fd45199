"""What pages are made of, loaded before anybody asks for one."""

from __future__ import annotations

import importlib
import pkgutil

import ui
from core.gateway.heap import freeze_heap

_SCRIPT = "ui.main"
"""The frame that runs before every page: it draws as it is imported."""


def load_pages() -> None:
    """Import what pages use, so that no visitor waits for it, and freeze the heap."""
    # The first page that draws a table would wait a second for this.
    importlib.import_module("pandas")
    for module in pkgutil.walk_packages(ui.__path__, "ui."):
        if module.name != _SCRIPT:
            importlib.import_module(module.name)
    freeze_heap()
