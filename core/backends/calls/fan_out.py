"""Asks for several answers at once and joins them; streams are merged as they come."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any

from core.backends.calls.answer import Answer
from core.errors import InvalidResponse
from core.exchanges.exchange import Exchange
from core.translation.codec.json import decode_json, encode_json
from core.translation.dialects.dialect import Choices, ChoiceStream


async def several(
    asks: Sequence[Callable[[], Awaitable[Answer]]],
    prompts: Sequence[Any],
    exchange: Exchange,
    choices: Choices,
) -> Answer:
    """Ask all at the same time and return their answers as one.

    Raises the first error, and stops the other requests.
    """
    tasks = [asyncio.ensure_future(ask()) for ask in asks]
    try:
        answers = await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        for done in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(done, Answer) and done.rest is not None:
                await done.rest.aclose()
        raise
    first = answers[0]
    if first.content_type.startswith("text/event-stream"):
        exchange.client.streamed = True
        joiner = choices.stream(prompts)
        rest = _mixed(answers, joiner, exchange)
        head = await anext(rest, b"")
        return Answer(
            content_type=first.content_type,
            body=head,
            rest=rest,
            fail=joiner.fail,
            headers=first.headers,
        )
    bodies = [decode_json(answer.body, blame=InvalidResponse) for answer in answers]
    joined = encode_json(choices.join(bodies, prompts))
    return Answer(content_type=first.content_type, body=joined, headers=first.headers)


async def _mixed(
    answers: Sequence[Answer], joiner: ChoiceStream, exchange: Exchange
) -> AsyncGenerator[bytes]:
    queue: asyncio.Queue[tuple[int, bytes | None]] = asyncio.Queue()

    async def pump(index: int, answer: Answer) -> None:
        try:
            queue.put_nowait((index, answer.body))
            if answer.rest is not None:
                async for piece in answer.rest:
                    queue.put_nowait((index, piece))
        finally:
            queue.put_nowait((index, None))
            if answer.rest is not None:
                await answer.rest.aclose()

    tasks = [asyncio.create_task(pump(i, answer)) for i, answer in enumerate(answers)]
    try:
        left = len(tasks)
        while left and not joiner.failed:
            index, piece = await queue.get()
            if piece is None:
                left -= 1
                continue
            data = joiner.feed(index, piece)
            if data:
                exchange.client.came(data, time.time_ns())
                yield data
        end = joiner.close()
        if end:
            exchange.client.came(end, time.time_ns())
            yield end
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if joiner.failed:
            exchange.error = exchange.error or "one of several answers broke off"
        exchange.end()
