"""The rows of a stream while it comes: every record of both sides, once, in order."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.chats.feed.wire_rows import follow_rows
from core.chats.service import Service
from core.chats.values.chat import ChatOptions, PageDialect
from core.inspector.timeline import read_line
from tests.chats.feed.test_acting import ME


async def told(service: Service, job: Any) -> list[tuple[str, dict[str, Any]]]:
    found = []
    async for event in follow_rows(service, ME, job):
        name, data = event.decode().removesuffix("\n\n").split("\ndata: ", 1)
        found.append((name.removeprefix("event: "), json.loads(data)))
    return found


@pytest.mark.parametrize("dialect", ["ollama", "openai"])
async def test_both_sides_are_told_whole_while_they_come(
    service: Service, dialect: PageDialect
) -> None:
    chat = service.store.create_chat(ME, title="t").id
    options = ChatOptions(model="actor:1b", dialect=dialect)
    job = service.ask(ME, chat, "a long one", options)
    events = await told(service, job)
    other = {"ollama": "openai", "openai": "ollama"}[dialect]
    assert events[0] == ("begin", {"number": 1, "sides": [dialect, other]})
    assert events[-1] == ("end", {})
    exchange = service.exchange(ME, job.snapshot().exchanges[0])
    assert exchange is not None
    for side, name in enumerate((dialect, other)):
        rows = [row for kind, data in events if kind == "rows" and data["side"] == side
                for row in data["rows"]]  # fmt: skip
        assert [row["number"] for row in rows] == list(range(1, len(rows) + 1))
        assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
        assert "Paragraph 199" in "".join(row["text"] for row in rows)
        whole = read_line(name, exchange.response_in(name), started=exchange.started)
        # What is made only for the view has no end of its own here.
        assert len(whole.records) - len(rows) in (0, 1)


async def test_each_request_of_an_answer_begins_anew_and_an_answer_that_is_over_has_none(
    service: Service,
) -> None:
    chat = service.store.create_chat(ME, title="t").id
    options = ChatOptions(model="actor:1b", tools=("get_current_weather",))
    job = service.ask(ME, chat, "weather?", options)
    begun = [data["number"] for name, data in await told(service, job) if name == "begin"]
    assert begun == [1, 2]
    assert await told(service, None) == [("end", {})]
