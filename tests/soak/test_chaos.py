"""Twenty seconds of the run that `make soak` does for ten minutes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak.chaos import chaos

pytestmark = pytest.mark.slow


async def test_every_request_is_accounted_for(tmp_path: Path) -> None:
    report = await chaos(tmp_path, 20)
    assert not report.wrong, report
    assert sum(report.ended.values()) == report.asked
    assert report.ended["answered"] > 20 and sum(report.kills.values()) > 2, report
