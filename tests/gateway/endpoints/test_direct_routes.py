"""A head that is known is known only for as long as its key is."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from core.backends.fleet import Fleet
from core.gateway.app import create_app
from core.gateway.protocols.joined_head import JoinedHead
from tests.gateway.protocols.test_direct_protocol import read_until, wire_body, wire_request
from tests.support.direct_backend import CONFIG, Place
from tests.support.programs import until
from tests.support.threads import serving_app

KEY = "sk-for-tests-0123456789abcdef"


@pytest.mark.parametrize("change", ["gone", "limited", "models", "expires"])
def test_a_key_that_changes_is_looked_at_again(
    tmp_path: Path, place: Place, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    again: list[JoinedHead] = []
    begin = JoinedHead.begin_again

    def noted(cycle: JoinedHead, *more: object) -> None:
        again.append(cycle)
        begin(cycle, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(JoinedHead, "begin_again", noted)
    path = tmp_path / "config.yaml"
    keys = {
        "first": f"{{name: a, key: {KEY}}}",
        "gone": "{name: b, key: sk-another-0123456789abcdef}",
        "limited": f"{{name: a, key: {KEY}, rpm: 1}}",
        "models": f"{{name: a, key: {KEY}, models: [nothing]}}",
        "expires": f"{{name: a, key: {KEY}, expires: 2026-01-01}}",
    }

    def configure(key: str) -> None:
        text = CONFIG.format(url=place.backend.url)
        path.write_text(f"{text}diglot:\n  keys:\n    - {keys[key]}\n")

    configure("first")
    fleet = Fleet(path)
    ask = wire_request(wire_body("one/whole"), f"authorization: Bearer {KEY}\r\n")
    with socket.socket() as made, serving_app(create_app(fleet)) as url:
        made.settimeout(20)
        where = urlsplit(url)
        made.connect((where.hostname, where.port))
        for _ in range(3):
            made.sendall(ask)
            assert read_until(made, b"}}").startswith(b"HTTP/1.1 200")
            time.sleep(0.01)
        assert len(again) == 2
        access = fleet.config.access
        configure(change)
        fleet.call(fleet.reload())
        until(lambda: fleet.config.access is not access)
        made.sendall(ask)
        status = {"gone": b"401", "expires": b"401", "models": b"403", "limited": b"200"}[change]
        assert read_until(made, b"}}").startswith(b"HTTP/1.1 " + status)
        if change == "limited":
            made.sendall(ask)
            assert read_until(made, b"}}").startswith(b"HTTP/1.1 429")
        assert len(again) == 2
