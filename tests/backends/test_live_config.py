"""What runs beside a fleet ends with it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from core.backends.fleet import Fleet


async def test_a_task_that_its_first_end_did_not_reach_is_ended_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def deaf(*_: object) -> None:
        # As Redis' client does on Python 3.11, where it is ended while it sends.
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        await asyncio.sleep(60)

    monkeypatch.setattr("core.backends.live_config.watch_hosts", deaf)
    path = tmp_path / "config.yaml"
    path.write_text("model_list: [{model_name: m, litellm_params: {model: ollama/m}}]")
    before = asyncio.all_tasks()
    async with asyncio.timeout(20), Fleet(path, environ={}):
        await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
