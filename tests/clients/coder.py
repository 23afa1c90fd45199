"""A model that works for coding programs: it writes files by whatever tool its client offers.

Spoken as Ollama's /api/chat. What it does stands in the user's last words: ``write NAME`` calls
the tool once, ``write NAME and NAME`` twice at once, ``talk slowly`` never ends by itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.scripted_backend import Said, Scripted, running

__all__ = ["CONTENT", "DONE", "coding"]

CONTENT = "written by the model"
DONE = "All files are written."
_HEAD = {"model": "m", "created_at": "2026-01-01T00:00:00Z"}
_END = {"done": True, "done_reason": "stop", "prompt_eval_count": 7, "eval_count": 5}
_ABLE = {
    "capabilities": ["completion", "tools"],
    "model_info": {"general.architecture": "llama", "llama.context_length": 131072},
    "details": {"family": "llama", "format": "gguf"},
}

Write = Callable[[str], dict[str, Any]]


def _patch(path: str) -> dict[str, Any]:
    name = Path(path).name
    patch = f"*** Begin Patch\n*** Add File: {name}\n+{CONTENT}\n*** End Patch\n"
    return {"input": patch}


# The tools by which programs write files, the best first, and how each is asked.
WRITERS: tuple[tuple[str, Write], ...] = (
    ("apply_patch", _patch),
    ("Write", lambda path: {"file_path": path, "content": CONTENT}),
    ("write_file", lambda path: {"file_path": path, "path": path, "content": CONTENT}),
    ("write", lambda path: {"filePath": path, "path": path, "content": CONTENT}),
    ("exec_command", lambda path: {"cmd": f"printf '{CONTENT}' > {path}"}),
    ("shell_command", lambda path: {"command": f"printf '{CONTENT}' > {path}"}),
    ("shell", lambda path: {"command": ["sh", "-c", f"printf '{CONTENT}' > {path}"]}),
)


@contextmanager
def coding(folder: Path) -> Iterator[Scripted]:
    """Run the model as an Ollama whose client works in ``folder``."""
    with running() as backend:
        backend.json("/api/show", _ABLE)
        backend.json("/api/tags", {"models": []})
        backend.thinks("/api/chat", lambda body: answer(body, folder))
        yield backend


def answer(body: dict[str, Any], folder: Path) -> Said:
    """Return what the model says to one request."""
    words, results = _asked(body["messages"])
    if "talk slowly" in words:
        lines = [_line("word ")] * 600
        return Said(lines, content_type="application/x-ndjson", pause=0.05)
    names = re.search(r"write (\w+\.txt)(?: and (\w+\.txt))?", words)
    wanted = [name for name in names.groups() if name] if names else []
    tools = {tool["function"]["name"]: tool["function"] for tool in body.get("tools") or ()}
    writer = next(((name, make) for name, make in WRITERS if name in tools), None)
    if wanted and not tools:
        return _said(body, {"role": "assistant", "content": _whole_files(wanted)})
    if not wanted or writer is None or results >= len(wanted):
        return _said(body, {"role": "assistant", "content": DONE if results else "Hello."})
    calls = [_call(writer, tools, str(folder / name)) for name in wanted]
    return _said(body, {"role": "assistant", "content": "", "tool_calls": calls})


def _whole_files(names: list[str]) -> str:
    """Return files as aider reads them out of an answer's text."""
    return "".join(f"{name}\n```\n{CONTENT}\n```\n\n" for name in names) + DONE


def _call(writer: tuple[str, Write], tools: dict[str, Any], path: str) -> dict[str, Any]:
    name, make = writer
    known = (tools[name].get("parameters") or {}).get("properties") or {}
    arguments = {key: value for key, value in make(path).items() if key in known}
    return {"function": {"name": name, "arguments": arguments}}


def _asked(messages: list[dict[str, Any]]) -> tuple[str, int]:
    """Return the last words of the user that hold a task, and how many results came since."""
    results = 0
    for message in reversed(messages):
        if message["role"] == "tool":
            results += 1
        if message["role"] == "user" and re.search(
            r"write \w+\.txt|talk slowly", message["content"]
        ):
            return message["content"], results
    return "", results


def _said(body: dict[str, Any], message: dict[str, Any]) -> Said:
    if not body.get("stream", True):
        return Said([json.dumps({**_HEAD, "message": message, **_END}).encode()])
    last = {**_HEAD, "message": {"role": "assistant", "content": ""}, **_END}
    lines = [{**_HEAD, "message": message, "done": False}, last]
    pieces = [json.dumps(line).encode() + b"\n" for line in lines]
    return Said(pieces, content_type="application/x-ndjson")


def _line(text: str) -> bytes:
    message = {"role": "assistant", "content": text}
    return json.dumps({**_HEAD, "message": message, "done": False}).encode() + b"\n"
