"""How often a model that has not learnt tools calls the right one, through a gateway.

    python bench/tool_accuracy.py                                  # the embedded model
    python bench/tool_accuracy.py --url URL --model NAME           # any OpenAI-compatible server
    python bench/tool_accuracy.py --way json                       # the baseline: plain JSON mode

Asks the cases of tool_cases.json with the official SDK, with sampling off. Counts the right
tool, the right tool with the right arguments, and "no tool needed". Cases of the set
``held_out`` were not looked at when the prompts were made. Prints rows of a Markdown table.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from openai import OpenAI, OpenAIError

ROOT = Path(__file__).parent.parent
CASES = Path(__file__).parent / "tool_cases.json"
HEAD = "| who | set | language | right tool | and arguments | right none | s a case |"
TOLD = (
    "Answer with one JSON object. If one of these functions helps, answer "
    '{"name": ..., "arguments": {...}}, else {"name": "none"}.\nFunctions: '
)


class Score(NamedTuple):
    """One case: the tool was right, its arguments too."""

    tool: bool
    arguments: bool


def main() -> None:
    """Ask every case and print the table."""
    parser = argparse.ArgumentParser(description="Measure tool calls.")
    parser.add_argument("--url", help="an OpenAI-compatible server; the embedded model without")
    parser.add_argument("--model", default="smollm2:135m")
    parser.add_argument("--way", choices=("tools", "json"), default="tools")
    parser.add_argument("--who", help="what to call this in the table")
    parser.add_argument("--set", choices=("tune", "held_out"), help="only these cases")
    parser.add_argument("--key", default=os.environ.get("OPENAI_API_KEY", "not-needed"))
    parser.add_argument("--wrong", action="store_true", help="print the tuning cases that failed")
    options = parser.parse_args()
    if options.url:
        measure(options.url, options)
    else:
        with embedded() as url:
            measure(url, options)


def measure(url: str, options: argparse.Namespace) -> None:
    """Print the rows for the server at ``url``."""
    whole = json.loads(CASES.read_text("utf-8"))
    client = OpenAI(base_url=f"{url}/v1", api_key=options.key, max_retries=0, timeout=300)
    out = sys.stdout
    out.write(f"{HEAD}\n|---|---|---|--:|--:|--:|--:|\n")
    for name in ("tune", "held_out"):
        for language in ("en", "zh"):
            cases = [c for c in whole["cases"] if (c["set"], c["language"]) == (name, language)]
            if options.set in (None, name):
                row = scored(client, options, whole["sets"], cases)
                out.write(f"| {options.who or options.way} | {name} | {language} | {row} |\n")
                out.flush()


def scored(
    client: OpenAI, options: argparse.Namespace, sets: dict[str, Any], cases: list[Any]
) -> str:
    """Return the figures for some cases, as cells."""
    called: list[Score] = []
    quiet: list[bool] = []
    started = time.monotonic()
    for case in cases:
        got = asked(client, options, sets[case["tools"]], case["prompt"])
        expected = case["expected"]
        if expected is None:
            quiet.append(got is None)
            right = got is None
        else:
            score = judged(got, expected)
            called.append(score)
            right = score.arguments
        if options.wrong and not right and case["set"] == "tune":
            sys.stderr.write(f"{case['id']} {case['prompt']!r}: {got}\n")
    took = (time.monotonic() - started) / max(len(cases), 1)
    tool, arguments = sum(s.tool for s in called), sum(s.arguments for s in called)
    return (
        f"{tool} of {len(called)} | {arguments} of {len(called)} | "
        f"{sum(quiet)} of {len(quiet)} | {took:.1f}"
    )


def asked(
    client: OpenAI, options: argparse.Namespace, tools: list[Any], prompt: str
) -> dict[str, Any] | None:
    """Return the call that was made: name and arguments, or None for none."""
    messages: list[Any] = [{"role": "user", "content": prompt}]
    more: dict[str, Any] = {"tools": tools}
    if options.way == "json":
        functions = json.dumps([tool["function"] for tool in tools], ensure_ascii=False)
        messages.insert(0, {"role": "system", "content": TOLD + functions})
        more = {"response_format": {"type": "json_object"}}
    try:
        answer = client.chat.completions.create(
            model=options.model, messages=messages, temperature=0, max_tokens=200, **more
        )
    except OpenAIError as exc:
        return {"name": "", "arguments": {"error": str(exc)[:200]}}
    message = answer.choices[0].message
    try:
        if options.way == "json":
            said = json.loads(message.content or "")
            name = said.get("name")
            return None if name in (None, "none") else {**said, "arguments": said.get("arguments")}
        if not message.tool_calls:
            return None
        function = message.tool_calls[0].function
        return {"name": function.name, "arguments": json.loads(function.arguments)}
    except (ValueError, AttributeError):
        return {"name": "", "arguments": message.content}


def judged(got: dict[str, Any] | None, expected: dict[str, Any]) -> Score:
    """Hold a call against what is right; an argument may have several right values."""
    if got is None or got.get("name") != expected["name"]:
        return Score(tool=False, arguments=False)
    given = got.get("arguments")
    given = given if isinstance(given, dict) else {}
    wanted = expected["arguments"]
    fits = all(
        plain(given.get(key)) in [plain(value) for value in values]
        for key, values in wanted.items()
    )
    # Required ones are all in wanted; what else was filled in is the model's own invention.
    return Score(tool=True, arguments=fits and not _invented(given, wanted))


def _invented(given: dict[str, Any], wanted: dict[str, Any]) -> bool:
    return any(key not in wanted and value not in (None, "") for key, value in given.items())


def plain(value: Any) -> Any:
    """Return a value without what does not matter: case, spaces, marks at the ends."""
    if isinstance(value, str):
        return value.strip(" .,!?\"'。，！？“”").casefold()
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


@contextmanager
def embedded() -> Iterator[str]:
    """Run Diglot with the embedded model, and yield its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environ = {**os.environ, "OLLAMA_HOST": "127.0.0.1:9"}
    command = [sys.executable, "-m", "core", "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env=environ, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(100):
            try:
                urllib.request.urlopen(f"{url}/health/liveliness", timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main()
