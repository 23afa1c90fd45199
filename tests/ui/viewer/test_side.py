"""What the list at the side of the request page says of an exchange."""

from __future__ import annotations

from core.exchanges.exchange import Exchange
from core.exchanges.wire import Wire
from ui.viewer.side import line_of


def exchange(*, status: int = 0, ended: int = 0, error: str = "", model: str = "") -> Exchange:
    wire = Wire("openai", "/v1/chat/completions", b"{}")
    wire.status = status
    made = Exchange("one", wire, owner="ada", started=1_800_000_000 * 10**9)
    made.ended, made.error, made.model = ended, error, model
    return made


def test_a_line_says_how_it_went() -> None:
    assert line_of(exchange()).title == "… /v1/chat/completions"
    assert line_of(exchange(ended=1, status=200)).title == "✓ /v1/chat/completions"
    assert line_of(exchange(ended=1, status=404)).title == "✗ /v1/chat/completions"
    assert line_of(exchange(ended=1, error="gone")).title == "✗ /v1/chat/completions"


def test_a_line_says_when_and_what_model() -> None:
    assert line_of(exchange(model="qwen3:4b")).about.endswith(":00 · qwen3:4b")
    assert " · " not in line_of(exchange()).about
