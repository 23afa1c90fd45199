"""One request, on its way to one deployment after the other."""

from __future__ import annotations

import pytest

from core.backends.balancing.load import Route
from core.backends.balancing.router import Router
from core.backends.calls.asked import Asked
from core.backends.calls.options import AskOptions
from core.backends.calls.retry import Attempts
from core.config.deployment import Deployment
from core.exchanges.exchange import Exchange
from core.exchanges.wire import Wire
from core.translation.conversions.incoming import Incoming
from core.translation.stamp import Stamp

BODY = b'{"model":"m","messages":[]}'


@pytest.mark.parametrize(("asked", "config", "strict"), [
    (False, None, False), (True, None, True), (True, False, True), (False, True, True),
])  # fmt: skip
def test_a_lost_field_is_an_error_where_client_or_config_say_so(
    asked: bool, config: bool | None, strict: bool
) -> None:
    place = Deployment(
        model_name="m", model="x", dialect="ollama", base_url="http://host", strict=config
    )
    exchange = Exchange("1", Wire("openai", "/v1/chat/completions", BODY), owner="", started=1)
    one = Asked(
        incoming=Incoming("openai", BODY),
        stamp=Stamp(id="1", created=1, model="m"),
        exchange=exchange,
        options=AskOptions(strict=asked),
        attempts=Attempts(Router([place]), "m"),
    )
    call = one.call(Route(place, "x"))
    assert call.strict is strict
    assert (call.exchange, call.route.model) == (exchange, "x")
