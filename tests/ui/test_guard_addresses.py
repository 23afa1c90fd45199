"""Who signs in and is no operator learns from no page where the backends are."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.programs import free_port
from tests.support.scripted_backend import Scripted
from tests.ui.app_process import running_app, visit
from tests.ui.provider import provider
from tests.ui.steps import answered, ask, ready, settled

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Response, WebSocket

MASTER = "sk-canary-shown-master-0a1b2c3d4e5f"
NAMED = "gpu7.canary.invalid"


def config(backend: Scripted) -> str:
    places = {"actor:1b": backend.url, "away": "http://127.0.0.1:9", "lost": f"http://{NAMED}:8443"}
    models = "".join(
        f'  - {{model_name: "{name}", litellm_params: {{model: "ollama/actor:1b", '
        f'api_base: "{place}", max_retries: 0}}}}\n'
        for name, place in places.items()
    )
    return f"model_list:\n{models}general_settings: {{master_key: {MASTER}}}\n"


@pytest.fixture(scope="module")
def exposed(backend: Scripted, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app at an address that other machines can reach, where people sign in."""
    folder, port = tmp_path_factory.mktemp("exposed"), free_port()
    with provider() as issuer:
        secrets = folder / "secrets.toml"
        secrets.write_text(
            f'[auth]\nredirect_uri = "http://127.0.0.1:{port}/oauth2callback"\n'
            'cookie_secret = "only-for-this-test-on-loopback"\n'
            '[auth.loopback]\nclient_id = "diglot"\nclient_secret = "none"\n'
            f'server_metadata_url = "{issuer}/.well-known/openid-configuration"\n'
        )
        with running_app(
            folder,
            port=port,
            config=config(backend),
            key=MASTER,
            extra={"STREAMLIT_SECRETS_FILES": str(secrets)},
            flags=("--server.address", "0.0.0.0"),
        ) as url:
            yield url


class Heard:
    """All that the app sends to a browser: answers of its routes, and frames of its WebSocket."""

    def __init__(self, page: Page, url: str) -> None:
        self.pieces: list[bytes] = []
        self._url = url
        page.on("websocket", self._listen)
        page.on("requestfinished", lambda request: self._keep(request.response()))

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._add)

    def _add(self, frame: str | bytes) -> None:
        self.pieces.append(frame.encode() if isinstance(frame, str) else frame)

    def _keep(self, answer: Response | None) -> None:
        if answer is None or not answer.url.startswith(self._url):
            return
        if "/static/" not in answer.url and "/assets/" not in answer.url and answer.ok:
            self.pieces.append(answer.body())

    def tell(self, backend: Scripted) -> set[str]:
        """Return which addresses are in any of it."""
        places = (backend.url.removeprefix("http://"), "127.0.0.1:9", NAMED)
        whole = b"\n".join(self.pieces)
        return {p for p in places if re.search(re.escape(p).encode() + rb"(?!\d)", whole)}


def pick(page: Page, url: str, model: str) -> None:
    """Begin a chat with a model."""
    from playwright.sync_api import expect

    page.goto(url)
    ready(page)
    page.get_by_test_id("model").click()
    page.keyboard.type(model)
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("model")).to_have_text(model)


def look_at_the_wire(page: Page) -> str:
    """Open the drawer of an answer, and all that is folded in it; return the exchange's id."""
    from playwright.sync_api import expect

    page.locator("[data-do=wire]").click()
    drawer = page.locator(".st-key-wire_panel")
    expect(drawer.get_by_role("tab").first).to_be_visible()
    settled(page)
    card = drawer.get_by_text("To get this again")
    if card.count():
        card.first.click()
        settled(page)
    drawer.get_by_role("button", name="Open on the request page").click()
    expect(page).to_have_url(re.compile(r"/requests\?.*\bx="))
    return page.url.partition("x=")[2].partition("&")[0]


def look_at_the_request(page: Page, url: str, identity: str) -> list[bytes]:
    """Open each tab of one exchange; return what can be downloaded there."""
    from playwright.sync_api import expect

    page.goto(f"{url}/requests?x={identity}&tab=fields")
    tabs = page.get_by_role("tab")
    expect(tabs.first).to_be_visible()
    settled(page)
    for number in range(tabs.count()):
        tabs.nth(number).click()
        expect(tabs.nth(number)).to_have_attribute("aria-selected", "true")
        settled(page)
    files = []
    page.get_by_role("tab", name="Code and files").click()
    for name in ("HAR file", "File to share"):
        with page.expect_download() as waiting:
            page.get_by_role("button", name=name).click()
        files.append(Path(waiting.value.path()).read_bytes())
    page.get_by_role("button", name="Diagnosis").click()
    expect(page.get_by_text("Diglot: one exchange")).to_be_visible()
    expect(page.get_by_text(re.compile("of the backend: POST"))).to_be_visible()
    return [files[0], zlib.decompress(files[1])]


def test_a_person_who_signs_in_is_told_no_address(
    exposed: str, backend: Scripted, chromium: Browser
) -> None:
    from playwright.sync_api import expect

    page = visit(chromium, exposed)
    heard = Heard(page, exposed)
    page.get_by_role("button", name="Sign in with Loopback").click()
    page.get_by_role("link", name="Bob").click()
    ready(page)
    expect(page.get_by_text("Models from config.yaml")).to_be_visible()
    ids = []
    for model in ("actor:1b", "away", "lost"):
        pick(page, exposed, model)
        ask(page, "hello")
        if model == "actor:1b":
            answered(page)
        else:
            page.get_by_text("In full").click()
            expect(page.get_by_text("the model's server").first).to_be_visible()
            page.get_by_role("button", name="Copy a diagnosis").click()
            expect(page.get_by_text(re.compile("Diglot: one exchange"))).to_be_visible()
            page.keyboard.press("Escape")
        ids.append(look_at_the_wire(page))
    for identity in ids:
        heard.pieces += look_at_the_request(page, exposed, identity)
    for name in ("tools", "models"):
        page.goto(f"{exposed}/{name}")
        settled(page)
    assert len(heard.pieces) > 50 and b"actor:1b" in b"".join(heard.pieces)
    assert not heard.tell(backend)
    # Whoever knows the master key is an operator, and is told.
    page.goto(f"{exposed}/requests?x={ids[0]}&tab=code")
    page.get_by_text("Operator", exact=False).first.click()
    page.get_by_label("Master key").fill(MASTER)
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Operator")).to_be_visible()
    page.get_by_role("button", name="Diagnosis").click()
    expect(page.get_by_text(re.compile("of the backend: POST"))).to_be_visible()
    assert heard.tell(backend) == {backend.url.removeprefix("http://")}
