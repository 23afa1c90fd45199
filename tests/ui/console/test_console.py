"""The operator's page without a browser: what it shows, and to whom."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import Browser, expect
from streamlit.testing.v1 import AppTest

from core.chats.service import Service
from core.config.access import Access, Digest, Key
from core.gateway.call import GatewayState, install_gateway
from core.words import languages, words
from tests.support.scripted_backend import Scripted
from tests.ui.actor import acting
from tests.ui.app_process import running_app, visit
from tests.ui.steps import shoot
from tests.ui.test_accessibility import check
from tests.ui.test_pages import backend, said, service

__all__ = ["backend", "service"]

SECRET = "sk-canary-page-6b5a4c3d2e1f"


def _frame(language: str) -> None:
    import runpy
    from pathlib import Path

    import ui.words as spoken

    spoken.set_language("zh" if language == "zh" else "en")
    import ui

    runpy.run_path(str(Path(ui.__file__).parents[1] / "pages/console.py"))


def opened(language: str = "en") -> AppTest:
    page = AppTest.from_function(_frame, default_timeout=60, args=(language,)).run()
    assert not page.exception
    return page


def shown(page: AppTest) -> str:
    tables = "\n".join(str(table.value.to_dict()) for table in page.dataframe)
    return said(page) + tables + "".join(str(one.value) for one in (*page.metric, *page.error))


@pytest.mark.parametrize("language", languages())
def test_an_operator_sees_backends_keys_and_errors_and_no_key(
    service: Service, backend: Scripted, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    monkeypatch.setattr("ui.session.account.is_operator", lambda _: True)
    digest = Digest.of(SECRET)
    keys = (
        Key(name="shop", digest=digest, models=("qwen*",), rpm=60, max_parallel=2),
        Key(name="old", digest=Digest.of("other"), expires=1.0),
    )
    config = service.fleet.config
    read = {"access": Access(keys=keys), "warnings": (), "routing": config.routing, "demo": False}
    live = service.fleet._live  # noqa: SLF001
    monkeypatch.setattr(live, "config", type("Config", (), read)())
    install_gateway(GatewayState(service.fleet))
    text = shown(opened(language))
    known = words(language)
    for word in ("shop", "qwen*", "60 / 60", "0 / 2", known["operator.expired"], backend.url):
        assert word in text
    assert known["operator.state_healthy"] in text
    for hidden in (SECRET, digest.value.hex(), repr(digest.value)):
        assert hidden not in text


def test_nobody_else_sees_anything(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.session.account.is_operator", lambda _: False)
    page = opened()
    assert words("en")["operator.denied"] in shown(page)
    assert not page.dataframe


CONFIG = """
model_list:
  - {{model_name: native, litellm_params: {{model: ollama/qwen3:4b, api_base: "{url}"}}}}
  - {{model_name: gone, litellm_params: {{model: ollama/m, api_base: "http://127.0.0.1:9"}}}}
general_settings: {{master_key: {master}}}
diglot:
  keys:
    - {{name: shop, key: {secret}, models: [native], rpm: 60, tpm: 100000, max_parallel: 4}}
    - {{name: reports, key: {secret}x, expires: 2020-01-31}}
"""
MASTER = "sk-canary-master-9f8e7d6c5b4a"


def test_whoever_knows_the_master_key_becomes_the_operator(
    chromium: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("console")
    with acting() as scripted:
        config = CONFIG.format(url=scripted.url, master=MASTER, secret=SECRET)
        with running_app(folder, config=config, key=SECRET) as url:
            page = visit(chromium, url)
            unlock = page.get_by_role("button", name="Operator")
            expect(unlock).to_be_visible()
            expect(page.get_by_role("link", name="Operator")).to_have_count(0)
            for key, right in ((MASTER[:-1], False), (MASTER, True)):
                if not right:
                    unlock.click()
                field = page.get_by_label("Master key")
                field.fill(key)
                page.get_by_role("button", name="Unlock").click()
                if not right:
                    expect(page.get_by_text("That is not the master key")).to_be_visible()
            page.get_by_role("link", name="Operator").first.click()
            httpx.post(
                f"{url}/v1/chat/completions",
                json={"model": "gone", "messages": [{"role": "user", "content": "x"}]},
                headers={"api-key": MASTER},
            )
            expect(page.get_by_text("Deployments")).to_be_visible()
            expect(page.get_by_test_id("stDataFrame")).to_have_count(4)
            assert SECRET not in page.content()
            assert MASTER not in page.content()
            check(page, "the operator's page")
            shoot(page, "console-en")
            # In another browser nobody is an operator by somebody else's key.
            other = visit(chromium, f"{url}/operator", locale="zh-CN", scheme="dark")
            expect(other.get_by_role("button", name="管理员")).to_be_visible()
            expect(other.get_by_text("部署")).to_have_count(0)
        for kept in folder.rglob("*"):
            if kept.is_file() and kept.name != "config.yaml":
                data = kept.read_bytes()
                assert SECRET.encode() not in data, kept
                assert MASTER.encode() not in data, kept
