"""GET /diglot/exchanges: what was asked with a key, for that key alone, and the report of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.gateway.test_app import DONE, NATIVE, gateway
from tests.support.report_judge import same
from tests.support.scripted_backend import Scripted, running

KEYS = {"ann": "sk-ann-0123456789abcdef", "bob": "sk-bob-0123456789abcdef"}
ASKED = {"model": "m", "messages": [{"role": "user", "content": "hello"}], "user": "u",
         "max_tokens": 3, "stream": False}  # fmt: skip


@pytest.fixture(scope="module")
def backend() -> Iterator[Scripted]:
    with running() as scripted:
        scripted.json(NATIVE, {**DONE, "message": {"role": "assistant", "content": "yes"}})
        yield scripted


@pytest.fixture(scope="module")
def url(backend: Scripted, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    keys = "".join(f"    - {{name: {name}, key: {key}}}\n" for name, key in KEYS.items())
    config = f"""
model_list:
  - {{model_name: "m", litellm_params: {{model: ollama/other, api_base: "{backend.url}"}}}}
diglot:
  keys:
{keys}
"""
    with gateway(config, tmp_path_factory.mktemp("exchanges")) as base:
        yield base


def get(url: str, path: str, name: str = "ann", **more: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {KEYS[name]}", **more.pop("headers", {})}
    return httpx.get(f"{url}/diglot/exchanges{path}", headers=headers, timeout=20, **more)


def ask(url: str, name: str = "ann", path: str = "/v1/chat/completions", **more: Any) -> str:
    headers = {"authorization": f"Bearer {KEYS[name]}"}
    answer = httpx.post(url + path, json={**ASKED, **more}, headers=headers, timeout=20)
    assert answer.status_code == 200, answer.text
    return answer.headers["x-diglot-id"]


def test_a_key_sees_its_own_and_no_others(url: str) -> None:
    mine, other = ask(url), ask(url, "bob")
    seen = {one["id"] for one in get(url, "").json()["data"]}
    assert mine in seen and other not in seen
    for path in ("", "/report"):
        assert get(url, f"/{mine}{path}").status_code == 200
        for refused in (get(url, f"/{other}{path}"), get(url, f"/nobody{path}")):
            assert refused.status_code == 404
        assert get(url, f"/{mine}{path}", "bob").json() == get(url, f"/nobody{path}").json()
    assert httpx.get(f"{url}/diglot/exchanges").status_code == 401


def test_the_list_says_what_there_is_and_goes_page_by_page(url: str) -> None:
    ids = [ask(url, "bob") for _ in range(5)]
    first = get(url, "", "bob").json()["data"][0]
    assert first["id"] == ids[-1]
    assert (first["client_dialect"], first["backend_dialects"]) == ("openai", ["ollama"])
    assert (first["model"], first["status"], first["error"]) == ("m", 200, None)
    assert first["rows"]["dropped"] == 1 and first["seconds"] > 0
    found: list[str] = []
    page = get(url, "?limit=2", "bob").json()
    while True:
        found += [one["id"] for one in page["data"]]
        if not page["has_more"]:
            break
        page = get(url, f"?limit=2&before={page['next_before']}", "bob").json()
    assert found[:5] == ids[::-1] and len(found) == len(set(found))
    assert get(url, "?status=4xx", "bob").json()["data"] == []
    for wrong in ("?limit=0", "?limit=x", "?limit=201", "?before=-1", "?before=٣"):
        assert get(url, wrong, "bob").status_code == 400, wrong


def test_both_sides_are_shown_without_secrets(url: str) -> None:
    one = get(url, f"/{ask(url)}").json()
    assert one["client"]["request"]["messages"] == ASKED["messages"]
    assert one["backend"][0]["request"]["model"] == "other"
    assert one["client"]["response"]["choices"][0]["message"]["content"] == "yes"
    assert "sk-ann" not in str(one) and "url" not in one["backend"][0]


def test_the_report_has_a_row_for_each_value_and_its_reason(url: str) -> None:
    identity = ask(url)
    found = get(url, f"/{identity}/report").json()["request"]
    rows = {row["path"]: row for row in found["rows"]}
    assert (found["source"], found["target"]) == ("openai", "ollama")
    assert rows["model"]["note"]["key"] == "report.model_alias"
    assert (rows["model"]["value"], rows["model"]["written"]) == ("m", "other")
    assert rows["user"]["outcome"] == "dropped"
    assert rows["max_tokens"]["target"] == "options.num_predict"
    for row in found["rows"]:
        assert row["note"]["sentence"]
        if row["outcome"] in ("kept", "renamed"):
            assert same(row["value"], row["written"])
    answer = get(url, f"/{identity}/report").json()["answer"]
    assert any(row["written"] == "yes" for row in answer["rows"])


def test_the_reasons_are_said_in_the_language_asked_for(url: str) -> None:
    identity = ask(url)

    def said(query: str = "", **headers: str) -> str:
        found = get(url, f"/{identity}/report{query}", headers=headers).json()
        (row,) = (row for row in found["request"]["rows"] if row["path"] == "model")
        return str(row["note"]["sentence"])

    english, chinese = said(), said("?lang=zh")
    assert english.isascii() and not chinese.isascii()
    assert said(**{"accept-language": "zh-CN,zh;q=0.9"}) == chinese
    assert said("?lang=en", **{"accept-language": "zh"}) == english
    assert get(url, f"/{identity}/report?lang=xx").status_code == 400


def test_what_passed_through_is_told_as_it_went(url: str) -> None:
    report = get(url, f"/{ask(url, path='/api/chat')}/report").json()
    assert report["request"]["target"] == report["request"]["source"] == "ollama"
    outcomes = {row["path"]: row["outcome"] for row in report["request"]["rows"]}
    assert outcomes.pop("model") == "retyped" and set(outcomes.values()) == {"kept"}
    assert report["compared"]["target"] == "openai"
