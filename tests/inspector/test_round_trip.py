"""There and back: what comes back otherwise is named, and nothing else is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.inspector.round_trip import round_trip
from core.translation.report.leaves import leaves
from core.words import languages
from tests.laws.bodies import translations

NATIVE = {
    "model": "m",
    "messages": [{"role": "user", "content": "hi"}],
    "options": {"num_ctx": 8192, "temperature": 0.2},
    "stream": False,
}


def test_what_diglots_faces_both_take_comes_back_equal() -> None:
    trip = round_trip(NATIVE, source="ollama", target="openai")
    assert trip.equal and trip.same and trip.back == NATIVE
    assert trip.there is not None and trip.there["num_ctx"] == 8192


def test_what_a_plain_server_cannot_be_told_is_lost() -> None:
    trip = round_trip(NATIVE, source="ollama", target="openai", accepts=())
    assert not trip.equal and not trip.same
    (lost,) = trip.differences
    assert (lost.path, lost.kind, lost.before) == ("options.num_ctx", "lost", 8192)
    assert all(map(lost.note.text, languages()))


def test_another_way_to_write_the_same_is_no_loss() -> None:
    body = {"model": "m", "messages": [{"role": "USER", "content": "hi"}], "stop": "END",
            "max_completion_tokens": 5}  # fmt: skip
    trip = round_trip(body, source="openai", target="ollama")
    kinds = {(d.path, d.kind): d.meant for d in trip.differences}
    assert kinds["stop", "changed"] and kinds["messages[0].role", "changed"]
    assert kinds["max_completion_tokens", "lost"] and kinds["max_tokens", "added"]
    assert trip.same and not trip.equal


def test_a_body_that_cannot_go_says_why() -> None:
    trip = round_trip({"model": "m", "messages": 5}, source="openai", target="ollama")
    assert trip.error and trip.there is None and not trip.equal and not trip.same


@given(data=st.data())
def test_the_differences_are_exactly_those_of_the_bodies(data: st.DataObject) -> None:
    source, target, body = data.draw(translations())
    trip = round_trip(body, source=source, target=target)
    if trip.back is None:
        assert trip.error
        return
    before = {leaf.path: leaf.value for leaf in leaves(body, source)}
    after = {leaf.path: leaf.value for leaf in leaves(trip.back, source)}
    named = {d.path for d in trip.differences}
    for path in before.keys() | after.keys():
        one, other = before.get(path, ...), after.get(path, ...)
        assert (path in named) == (type(one) is not type(other) or one != other)
