"""Whose chats they are: with sign-in a person's in every browser, in a demo everybody's."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.programs import free_port
from tests.support.scripted_backend import Scripted
from tests.ui.app_process import running_app, visit
from tests.ui.provider import provider
from tests.ui.steps import address, answered, ask, ready, shoot

pytestmark = pytest.mark.browser


def sign_in(page: Page, name: str) -> None:
    page.get_by_role("button", name="Sign in with Loopback").click()
    page.get_by_role("link", name=name).click()
    ready(page)


def test_a_person_has_the_same_chats_in_every_browser_and_nobody_elses(
    backend: Scripted, chromium: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, port = tmp_path_factory.mktemp("account"), free_port()
    with provider() as issuer:
        secrets = folder / "secrets.toml"
        secrets.write_text(
            "[auth]\n"
            f'redirect_uri = "http://127.0.0.1:{port}/oauth2callback"\n'
            'cookie_secret = "only-for-this-test-on-loopback"\n'
            "[auth.loopback]\n"
            'client_id = "diglot"\n'
            'client_secret = "none"\n'
            f'server_metadata_url = "{issuer}/.well-known/openid-configuration"\n'
        )
        extra = {"OLLAMA_HOST": backend.url, "STREAMLIT_SECRETS_FILES": str(secrets)}
        with running_app(folder, port=port, extra=extra) as url:
            first = visit(chromium, url)
            expect(first.get_by_text("Sign in to Diglot")).to_be_visible()
            expect(first.get_by_test_id("composer")).to_have_count(0)
            shoot(first, "account-sign-in-en")
            sign_in(first, "Ann")
            expect(first.get_by_test_id("stSidebar").get_by_text("Ann")).to_be_visible()
            ask(first, "Of the blue lighthouse")
            answered(first)
            link = address(first)
            second = visit(chromium, url)
            sign_in(second, "Ann")
            second.goto(link)
            expect(second.get_by_text("Of the blue lighthouse", exact=True)).to_be_visible()
            shoot(second, "account-signed-in-en")
            second.get_by_role("button", name="Sign out").click()
            sign_in(second, "Bob")
            expect(second.get_by_text("blue lighthouse")).to_have_count(0)
            second.goto(link)
            expect(second.get_by_text("belongs to another browser")).to_be_visible()
            expect(second.get_by_text("Of the blue lighthouse")).to_have_count(0)


def test_in_a_demo_everybody_sees_the_same_chats_and_nobody_deletes_models(
    backend: Scripted, chromium: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("demo")
    extra = {"OLLAMA_HOST": backend.url}
    with running_app(folder, extra=extra, config="diglot: {demo: true}") as url:
        mine, theirs = visit(chromium, url), visit(chromium, url, locale="zh-CN", scheme="dark")
        ask(mine, "Of the red lighthouse")
        answered(mine)
        theirs.goto(address(mine))
        expect(theirs.get_by_text("Of the red lighthouse").first).to_be_visible()
        expect(theirs.get_by_text("公开演示")).to_be_visible()
        shoot(theirs, "account-demo-zh")
        theirs.goto(f"{url}/models")
        expect(theirs.get_by_text("公开演示里只能查看模型")).to_be_visible()
        expect(theirs.get_by_role("button", name="删除")).to_have_count(0)
