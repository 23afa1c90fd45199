"""The lines of an answer's head say what the list of its headers says."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.backends.calls.answer import Answer
from core.backends.fleet import Fleet
from core.config.deployment import Deployment
from core.exchanges.exchange import Exchange, Trail
from core.exchanges.wire import Wire
from core.gateway.auth import Principal
from core.gateway.call import CallScope, GatewayState
from core.gateway.endpoints import answer_head
from core.gateway.endpoints.answer_head import answer_headers, answer_lines
from core.gateway.protocols.joined_head import header_lines

TEXT = st.text(st.sampled_from('ab%{}():"\t\r\n灯é \x00'), min_size=1, max_size=8)


@pytest.fixture(scope="module")
def gateway_state() -> GatewayState:
    return GatewayState(Fleet())


async def nothing() -> AsyncGenerator[bytes]:
    for piece in ():
        yield piece


@given(
    names=st.tuples(TEXT, TEXT),
    tries=st.tuples(st.integers(0, 3), st.integers(0, 2)),
    lost=st.one_of(st.just(""), TEXT.map(str.strip)),
    whole=st.booleans(),
    kind=st.sampled_from(["application/json", "text/event-stream"]),
)
def test_lines_are_those_of_the_list(
    gateway_state: GatewayState, names: tuple[str, str], tries: tuple[int, int], lost: str,
    whole: bool, kind: str,
) -> None:  # fmt: skip
    call = CallScope(gateway_state, "openai", "/v1/chat/completions", Principal(), [])
    wire = Wire("openai", "/v1/chat/completions", b"{}")
    exchange = Exchange(call.id, wire, owner="", started=call.started)
    deployment = Deployment(model_name=names[0], model="m", dialect="ollama", base_url="",
                            id=names[1])  # fmt: skip
    exchange.trail = Trail(names[0], deployment, *tries)
    call.note(exchange)
    answer = Answer(content_type=kind, body=b"", rest=None if whole else nothing())
    if lost.isprintable() and lost:
        answer.headers["x-diglot-dropped"] = lost
    answer.headers["x-diglot-id"] = call.id
    with mock.patch.object(CallScope, "times", lambda _: (b"12.345", b"0.678")):
        expected = header_lines(answer_headers(call, answer))
        assert answer_lines(call, answer) == expected
        assert answer_lines(call, answer) == expected  # by the form that is kept now
    assert expected.count(call.id.encode()) == 4
    assert len(answer_head._forms) <= answer_head._MOST  # noqa: SLF001


def test_no_header_ends_its_line() -> None:
    for value in (b"a\r\nb: c", b"a\nb", b"a\rb", b"a\x00"):
        with pytest.raises(RuntimeError):
            header_lines([(b"x-a", value), (b"x-b", b"c")])
