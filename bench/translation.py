"""What translating costs: ns a chunk of a stream, ns a message of a request, ns a report.

Pure Python without a network: `python bench/translation.py`. Each figure is the best of
several runs, since everything else only adds to it. Prints Markdown.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.gateways.interpreter import interpreter  # found through the line above
from core.translation.report.report import explain_request
from core.translation.stamp import Stamp
from core.translation.translate import StreamTranslator, translate_request

RUNS = 5
CHUNKS = 2000
SIZES = (1, 10, 100, 1_000, 10_000)
CLIENT_DIALECTS = ("ollama", "openai", "responses", "anthropic")
BACKENDS = ("ollama", "openai")
STAMP = Stamp(id="1", created=0, model="m")


def best(work: Callable[[], Any]) -> float:
    """Return the time of the fastest run, in ns."""
    times = []
    for _ in range(RUNS):
        started = time.perf_counter_ns()
        work()
        times.append(time.perf_counter_ns() - started)
    return min(times)


def stream(dialect: str) -> list[bytes]:
    """Return a stream of CHUNKS words, a chunk each, as a backend would send it."""
    if dialect == "ollama":
        lines: list[Any] = [
            {
                "model": "m",
                "created_at": "2026-01-01T00:00:00.123456789Z",
                "message": {"role": "assistant", "content": f"word {i} "},
                "done": False,
            }
            for i in range(CHUNKS)
        ]
        lines.append({"model": "m", "done": True, "done_reason": "stop", "eval_count": CHUNKS})
        return [_compact(line) + b"\n" for line in lines]
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    choices: list[Any] = [
        {"index": 0, "delta": {"content": f"word {i} "}, "finish_reason": None}
        for i in range(CHUNKS)
    ]
    choices.append({"index": 0, "delta": {}, "finish_reason": "stop"})
    said = [_compact({**head, "choices": [choice]}) for choice in choices]
    return [b"data: " + text + b"\n\n" for text in (*said, b"[DONE]")]


def _compact(value: Any) -> bytes:
    """Return JSON in the form of Ollama, vLLM and llama.cpp: without spaces."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def chunk(source: str, target: str) -> float:
    """Return ns a chunk."""
    pieces = stream(source)

    def run() -> None:
        translator = StreamTranslator(source, target, STAMP)
        for piece in pieces:
            translator.feed(piece, now=1)
        translator.close(now=1)

    return best(run) / len(pieces)


def conversation(messages: int) -> dict[str, Any]:
    """Return an OpenAI request in which every fourth turn calls a tool."""
    said: list[Any] = []
    for i in range(messages):
        match i % 4:
            case 0:
                said.append({"role": "user", "content": f"What about number {i}?"})
            case 1:
                call = {"name": "look_up", "arguments": f'{{"number":{i}}}'}
                calls = [{"id": f"call_{i}", "type": "function", "function": call}]
                said.append({"role": "assistant", "content": None, "tool_calls": calls})
            case 2:
                said.append({"role": "tool", "tool_call_id": f"call_{i - 1}", "content": "42"})
            case _:
                said.append({"role": "assistant", "content": "It is 42."})
    return {"model": "m", "messages": said, "temperature": 0.5, "max_tokens": 100, "user": "me"}


def per_message(source: str, target: str, count: int, *, report: bool) -> float:
    """Return ns a message, for the translation or for its report."""
    body = conversation(count)
    if source != "openai":
        body = translate_request(body, source="openai", target=source)
    written = translate_request(body, source=source, target=target)
    turns = max(1, 200 // count)

    def run() -> None:
        for _ in range(turns):
            if report:
                explain_request(body, written, source=source, target=target)
            else:
                translate_request(body, source=source, target=target)

    return best(run) / (turns * count)


def main() -> None:
    """Print the tables."""
    out = [f"{interpreter()}, load average {os.getloadavg()[0]:.1f}", ""]
    out += ["| stream from → to | ns a chunk |", "|---|---:|"]
    out += [
        f"| {s} → {t} | {chunk(s, t):,.0f} |" for s in BACKENDS for t in CLIENT_DIALECTS if s != t
    ]
    out.append("")
    out.append("| request from → to | " + " | ".join(f"{n:,}" for n in SIZES) + " messages |")
    out.append("|---|" + "---:|" * len(SIZES))
    for report in (False, True):
        for source in CLIENT_DIALECTS:
            for target in BACKENDS:
                if source == target:
                    continue
                cells = [per_message(source, target, n, report=report) for n in SIZES]
                what = f"{source} → {target}{', its report' if report else ''}"
                out.append(f"| {what} | " + " | ".join(f"{ns:,.0f}" for ns in cells) + " |")
    sys.stdout.write("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
