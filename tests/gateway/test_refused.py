"""Requests that are refused: in the log with their key and id, and in the metrics by key."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.gateway.test_app import COMPAT, DONE, HELLO, NATIVE
from tests.support.programs import GatewayProgram, until
from tests.support.scripted_backend import running

ANN = "sk-canary-refused-ann-0123456789"
OLD = "sk-canary-refused-old-0123456789"
STRANGE = "sk-canary-refused-strange-01234"
MASTER = "sk-canary-refused-master-01234567"


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[GatewayProgram]:
    with running() as backend:
        backend.json(NATIVE, {**DONE, "message": {"role": "assistant", "content": "hello"}})
        config = tmp_path / "config.yaml"
        config.write_text(f"""
model_list: [{{model_name: m, litellm_params: {{model: ollama/m, api_base: "{backend.url}"}}}}]
general_settings: {{master_key: {MASTER}}}
diglot:
  keys:
    - {{name: ann, key: {ANN}, rpm: 1}}
    - {{name: old, key: {OLD}, expires: 2020-01-01}}
""")
        program = GatewayProgram(config, "--log", "json", log=tmp_path / "log")
        program.start()
        try:
            program.up()
            yield program
        finally:
            program.stop()


def ask(gateway: GatewayProgram, key: str) -> httpx.Response:
    body = {"model": "m", "messages": HELLO}
    headers = {"authorization": f"Bearer {key}"} if key else {}
    return httpx.post(gateway.url + COMPAT, json=body, headers=headers)


def test_each_is_logged_with_its_key_and_id_and_counted_by_key(gateway: GatewayProgram) -> None:
    answers = [ask(gateway, key) for key in (ANN, ANN, OLD, STRANGE, "")]
    # In the next minute of the clock the second is let through.
    if answers[1].status_code == 200:
        answers[1] = ask(gateway, ANN)
    assert [answer.status_code for answer in answers] == [200, 429, 401, 401, 401]
    wanted = {answer.headers["x-diglot-id"] for answer in answers}

    def lines() -> dict[str, dict[str, Any]]:
        found = [json.loads(line) for line in gateway.log.read_text().splitlines()]
        return {one["request_id"]: one for one in found if one.get("request_id") in wanted}

    until(lambda: lines().keys() == wanted)
    said = [lines()[answer.headers["x-diglot-id"]] for answer in answers]
    assert [one.get("key") for one in said] == ["ann", "ann", "old", None, None]
    assert [one.get("code") for one in said] == [
        None, "rate_limited", "key_expired", "key_unknown", "key_missing",
    ]  # fmt: skip
    strange = hashlib.sha256(STRANGE.encode()).hexdigest()
    assert [one.get("key_id") for one in said] == [None, None, None, strange[:12], None]
    assert not [key for key in (ANN, OLD, STRANGE, MASTER) if key in gateway.log.read_text()]
    metrics = httpx.get(f"{gateway.url}/metrics", headers={"authorization": f"Bearer {MASTER}"})
    for reason, key in (("rate_limited", "ann"), ("key_expired", "old"), ("key_unknown", "")):
        line = f'diglot_refused_requests_total{{api_key_alias="{key}",reason="{reason}"}} 1.0'
        assert line in metrics.text
