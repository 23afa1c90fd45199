"""Laws of requests: nothing changes unsaid, nothing is lost unsaid, nothing is made up unsaid."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.errors import DiglotError
from core.inspector.align.request import align_request
from core.inspector.paste.sniff import tell
from core.translation.conversions.incoming import read_plain
from core.translation.dialects.registry import DIALECTS, EMBEDDING_DIALECTS
from core.translation.messages import ChatRequest, text_of
from core.translation.report.notes import NOTES
from core.translation.report.report import dropped, explain_losses, explain_request
from core.translation.report.rows import ReportRow
from core.translation.report.scene import Circumstances
from core.translation.translate import translate_request
from tests.laws.basics import booleans, exact, integers, maybe, numbers, some, texts, unordered
from tests.laws.bodies import ACCEPTS, BODIES, FEW_SETTINGS, broken, translations
from tests.laws.oracle import Steps, above, at, leaves, said, steps, without, without_additions
from tests.laws.values import EVERYTHING, FEW_DEFAULTS, SETTINGS, requests

HI = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}

# A part of which nothing is left but a field that nobody knows.
ONLY_UNKNOWN = {
    "model": "m",
    "messages": [{"role": "system", "content": [{"type": "text", "text": None, "x": False}]}],
}

# Reasons for which nothing at all is written: the body means the same without these values.
NOTHING = [NOTES[name] for name in ("null", "empty", "neutral")]

# Reasons for which the target means the same without writing it.
UNWRITTEN = [
    *NOTHING,
    *(
        NOTES[name]
        for name in (
            "implied", "usage_always", "unlimited", "format", "format_name", "format_strict",
            "tool_choice_native",
        )
    ),
]  # fmt: skip


def explained(
    way: tuple[str, str, dict[str, Any]], accepts: tuple[str, ...]
) -> tuple[dict[str, Any], tuple[ReportRow, ...]]:
    source, target, body = way
    ways: dict[str, Any] = {"source": source, "target": target}
    written = translate_request(body, **ways, accepts=accepts)
    return written, explain_request(body, written, **ways, accepts=accepts)


@pytest.mark.parametrize("dialect", ["ollama", "openai"])
@given(data=st.data())
def test_what_is_written_reads_the_same(dialect: str, data: st.DataObject) -> None:
    request = data.draw(requests(dialect))
    spoken = DIALECTS[dialect]
    body = spoken.dump_request(request, accepts=EVERYTHING)
    assert exact(spoken.parse_request(body)) == exact(request)


@pytest.mark.parametrize(("there", "here"), [("ollama", "openai"), ("openai", "ollama")])
@given(request=requests("ollama", "openai"))
def test_there_and_back_is_nothing(there: str, here: str, request: ChatRequest) -> None:
    body = DIALECTS[here].dump_request(request, accepts=EVERYTHING)
    written = translate_request(body, source=here, target=there, accepts=EVERYTHING)
    back = translate_request(written, source=there, target=here, accepts=EVERYTHING)
    read = DIALECTS[here].parse_request
    assert exact(read(back)) == exact(read(body))


@given(way=translations(("openai", "ollama"), ("ollama", "openai")))
def test_the_way_back_keeps_what_the_report_promises(way: tuple[str, str, dict[str, Any]]) -> None:
    source, target, body = way
    # Aliases come back under a dialect's own names, so the way starts from those.
    own = DIALECTS[source].dump_request(DIALECTS[source].parse_request(body), accepts=EVERYTHING)
    if not own["messages"]:
        return  # it only loads a model, which OpenAI's dialect cannot say back
    written, rows = explained((source, target, own), tuple(EVERYTHING))
    back = translate_request(written, source=target, target=source, accepts=EVERYTHING)
    for row in rows:
        if row.path is None:
            continue
        place = steps(row.path)
        if row.outcome in ("kept", "renamed") and place[2:3] == ("content",) and len(place) > 3:
            # Natively text comes before pictures, so that a part may come back in another place.
            message = DIALECTS[source].parse_request(back).messages[int(place[1])]
            assert at(own, place) in text_of(message)
        elif row.outcome in ("kept", "renamed"):
            assert exact(at(back, place)) == exact(at(own, place)), row
        elif row.outcome == "dropped":
            with pytest.raises(KeyError):
                at(back, place)


@given(
    way=translations(
        ("openai", "ollama"), ("ollama", "openai"), ("generate", "openai"), ("generate", "ollama")
    ),
    accepts=ACCEPTS,
)
def test_the_target_hears_what_the_source_said(
    way: tuple[str, str, dict[str, Any]], accepts: tuple[str, ...]
) -> None:
    source, target, body = way
    known = frozenset(accepts)
    written = translate_request(body, source=source, target=target, accepts=accepts)
    meant = said(DIALECTS[source].parse_request(body), target=target, accepts=known)
    if target == "openai" and not written["messages"]:
        # A request that only loads a model: legal natively, and nothing is to be read back.
        assert not meant["messages"]
        return
    read = DIALECTS[target].parse_request(written)
    heard = said(read, target=target, accepts=known, heard=True)
    assert exact(without_additions(heard, meant)) == exact(meant)


@given(way=translations(), accepts=ACCEPTS)
@example(way=("openai", "ollama", ONLY_UNKNOWN), accepts=())
def test_losses_are_the_rows_of_the_report_of_what_was_dropped(
    way: tuple[str, str, dict[str, Any]], accepts: tuple[str, ...]
) -> None:
    source, target, body = way
    written, rows = explained(way, accepts)
    about = Circumstances(accepts=frozenset(accepts))
    found = explain_losses(body, written, source=source, target=target, about=about)
    assert found == tuple(row for row in rows if row.outcome == "dropped")


@given(way=translations(), accepts=ACCEPTS)
@example(way=("openai", "ollama", ONLY_UNKNOWN), accepts=())
def test_every_leaf_of_the_source_has_one_row(
    way: tuple[str, str, dict[str, Any]], accepts: tuple[str, ...]
) -> None:
    body = way[2]
    _, rows = explained(way, accepts)
    covered = [steps(row.path) for row in rows if row.path is not None]
    assert len(covered) == len(set(covered)), "a path has one row"
    for leaf in leaves(body):
        if leaf:
            assert sum(place in covered for place in above(leaf)) == 1, leaf
    for row in rows:
        if row.path is None:
            continue
        value = at(body, steps(row.path))
        # An excuse must hold: only what is empty is called empty.
        assert row.note != NOTES["null"] or value is None
        assert row.note != NOTES["empty"] or value in ("", [], {})
        if row.note == NOTES["kind_of_lost"]:
            # What it is the kind of has a row that says so.
            beside = row.path.rpartition(".")[0]
            lost = [one.path for one in rows if one.outcome == "dropped" and one.path]
            assert any(path.startswith(beside) for path in lost), row
        elif row.outcome == "retyped" and row.target is None:
            assert row.note in UNWRITTEN, row


@given(way=translations(), accepts=ACCEPTS)
def test_every_leaf_of_the_target_has_a_reason(
    way: tuple[str, str, dict[str, Any]], accepts: tuple[str, ...]
) -> None:
    body = way[2]
    written, rows = explained(way, accepts)
    targets: set[Steps] = set()
    added: list[Steps] = []
    for row in rows:
        assert (row.outcome == "defaulted") == (row.path is None)
        assert row.outcome != "dropped" or row.target is None
        if row.target is None:
            assert row.outcome in ("dropped", "retyped")
            continue
        place = steps(row.target)
        value = at(written, place)
        if row.path is None:
            added.append(place)
            continue
        targets.add(place)
        if row.outcome in ("kept", "renamed"):
            assert exact(value) == exact(at(body, steps(row.path))), row
            assert (row.outcome == "kept") == (row.path == row.target), row
    assert len(added) == len(set(added))
    assert not targets & set(added), "what the client said is no default"
    targets |= set(added)
    for leaf in leaves(written):
        assert any(place in targets for place in above(leaf)), leaf


@given(way=translations(), accepts=ACCEPTS)
def test_what_is_dropped_or_says_nothing_changes_nothing(
    way: tuple[str, str, dict[str, Any]], accepts: tuple[str, ...]
) -> None:
    source, target, body = way
    written, rows = explained(way, accepts)
    lost = {
        steps(row.path)
        for row in rows
        if row.path is not None
        and row.target is None
        and (row.outcome == "dropped" or row.note in NOTHING)
    }
    rest = without(body, lost)
    again = translate_request(rest, source=source, target=target, accepts=accepts)
    assert exact(unordered(again)) == exact(unordered(written))


@given(way=translations(), accepts=ACCEPTS)
def test_the_report_and_its_values_agree(
    way: tuple[str, str, dict[str, Any]], accepts: tuple[str, ...]
) -> None:
    source, target, body = way
    written, rows = explained(way, accepts)
    lines = align_request(body, written, source=source, target=target, accepts=accepts)
    for row, line in zip(rows, lines, strict=True):
        assert (row.path, row.outcome, row.target) == (line.path, line.outcome, line.target)
        if row.path is not None:
            assert exact(line.value) == exact(at(body, steps(row.path)))
        if row.target is not None:
            assert exact(line.written) == exact(at(written, steps(row.target)))


@given(way=translations(), accepts=ACCEPTS, defaults=SETTINGS["ollama",])
def test_no_input_is_changed(
    way: tuple[str, str, dict[str, Any]], accepts: tuple[str, ...], defaults: dict[str, Any]
) -> None:
    source, target, body = way
    before = exact(body), exact(defaults)
    written, _ = explained(way, accepts)
    sent = exact(written)
    if source != "generate":
        DIALECTS[source].settings.with_defaults(body, defaults)
    DIALECTS[target].settings.with_defaults(written, defaults)
    tell(body)
    # What was read is not tied to what is written from it twice.
    request = DIALECTS[source].parse_request(body)
    held = exact(request)
    if target != "generate":
        assert exact(DIALECTS[target].dump_request(request, accepts=accepts)) == sent
    assert (exact(body), exact(defaults)) == before
    assert (exact(written), exact(request)) == (sent, held)


@pytest.mark.parametrize("dialect", ["openai", "ollama"])
@given(body=FEW_SETTINGS, defaults=FEW_DEFAULTS)
@example(body={**HI, "temperature": None}, defaults={"temperature": 0.5})
@example(body={**HI, "keep_alive": ""}, defaults={"keep_alive": 60})
@example(body={**HI, "options": {"num_ctx": None}}, defaults={"num_ctx": 8192})
def test_a_default_holds_where_the_client_said_nothing(
    dialect: str, body: dict[str, Any], defaults: dict[str, Any]
) -> None:
    read = DIALECTS[dialect].parse_request
    wanted = {**defaults, **read(body).settings}
    filled = read(DIALECTS[dialect].settings.with_defaults(body, defaults)).settings
    assert exact({"settings": filled}) == exact({"settings": wanted})


@pytest.mark.parametrize("source", ["openai", "ollama", "generate"])
@given(data=st.data())
def test_broken_bodies_raise_only_errors_of_diglot(source: str, data: st.DataObject) -> None:
    body = data.draw(broken(BODIES[source]))
    before = exact(body)
    try:
        request = DIALECTS[source].parse_request(body)
        for target in ("openai", "ollama"):
            written = DIALECTS[target].dump_request(request)
            explain_request(body, written, source=source, target=target)
    except DiglotError as exc:
        assert exc.message
        assert 400 <= exc.status < 500, "a client's fault"
        if exc.path:
            steps(exc.path)
    assert exact(body) == before


_said = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "system", "tool"]), "content": texts}
)
_plain = some(
    {"model": st.just("m"), "messages": st.lists(_said, max_size=3)},
    {
        "stream": booleans,
        "temperature": maybe(numbers),
        "top_p": numbers,
        "seed": integers,
        "max_tokens": maybe(integers),
    },
    odd=False,
)


def is_plain(client_dialect: str, body: dict[str, Any]) -> bool:
    return read_plain(client_dialect, json.dumps(body).encode()) is not None


def nothing_is_lost(source: str, target: str, body: dict[str, Any]) -> None:
    if not is_plain(source, body):
        return
    try:
        written, rows = explained((source, target, body), ())
    except DiglotError:
        return
    assert dropped(rows) == (), written
    assert "emulated" not in {row.outcome for row in rows}


@given(way=translations(("openai", "ollama"), ("ollama", "openai")), plain=_plain)
def test_nothing_of_a_plain_request_is_lost(
    way: tuple[str, str, dict[str, Any]], plain: dict[str, Any]
) -> None:
    source, target, odd = way
    nothing_is_lost(source, target, odd)
    nothing_is_lost(source, target, plain)


@given(target=st.sampled_from(["ollama", "openai"]), plain=_plain, system=texts)
def test_nothing_of_plain_messages_is_lost(target: str, plain: dict[str, Any], system: str) -> None:
    plain.pop("seed", None)
    nothing_is_lost("anthropic", target, {"max_tokens": 9, **plain, "system": system})


_inputs = texts | st.lists(texts, max_size=3) | st.lists(integers, max_size=2)


@pytest.mark.parametrize(("source", "target"), [("embeddings", "embed"), ("embed", "embeddings")])
@given(body=some({"model": st.just("m")}, {
    "input": maybe(_inputs),
    "encoding_format": st.sampled_from(["float", "base64", None, "", "int8", 1]),
}, odd=False))  # fmt: skip
def test_nothing_of_plain_texts_to_embed_is_lost(
    source: str, target: str, body: dict[str, Any]
) -> None:
    there, here = EMBEDDING_DIALECTS[source], EMBEDDING_DIALECTS[target]
    if not there.plain.issuperset(body):
        return
    try:
        written = here.dump_request(there.parse_request(body))
    except DiglotError:
        return
    rows = explain_request(body, written, source=source, target=target)
    assert dropped(rows) == (), written
    assert "emulated" not in {row.outcome for row in rows}


def test_most_requests_are_plain() -> None:
    assert is_plain("openai", {**HI, "stream": True, "temperature": 0.5})
    assert is_plain("ollama", HI)
    assert is_plain("anthropic", {**HI, "max_tokens": 9, "system": "", "top_p": 1})
    odds: list[dict[str, Any]] = [
        {"n": 2}, {"tools": []}, {"messages": [{"role": "user", "content": []}]}
    ]  # fmt: skip
    for odd in odds:
        assert not is_plain("openai", {**HI, **odd})
