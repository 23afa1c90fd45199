"""Records real streams as vectors: the bytes of a running server, and what must come of them.

    python tests/vectors/record.py ollama http://127.0.0.1:11434 smollm2 "Ollama 0.17.4"
    python tests/vectors/record.py openai http://127.0.0.1:11434 smollm2 "Ollama 0.17.4"

asks the server in that dialect and writes one folder a case below ``streams/recorded`` (or the
folder given last). What is expected is written by the code as it is: read it before you keep
it. Nothing in here runs by itself; a recording is made once and stays.
"""

from __future__ import annotations

import json
import re
import sys
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT))

from core.translation.dialects.registry import DIALECTS  # noqa: E402
from core.translation.stamp import Stamp  # noqa: E402
from core.translation.translate import StreamTranslator, translate_request  # noqa: E402

STAMP = Stamp(id="1", created=1_700_000_000_000_000_000, model="m")
NOW = STAMP.created + 2_000_000_000
ENDS = {"ollama": "ndjson", "generate": "ndjson", "openai": "sse"}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}

# What is asked, in OpenAI's dialect; other dialects get the translation.
ASKED: dict[str, dict[str, Any]] = {
    "text": {"messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 5},
    "chinese": {"messages": [{"role": "user", "content": "请用中文说:你好。"}], "max_tokens": 5},
    "stopped": {"messages": [{"role": "user", "content": "Count: 1, 2, 3,"}], "stop": [","]},
    "json": {
        "messages": [{"role": "user", "content": "The capital of France, as JSON."}],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "city", "schema": SCHEMA},
        },
    },
    "logprobs": {
        "messages": [{"role": "user", "content": "Say hello."}],
        "logprobs": True,
        "top_logprobs": 2,
        "max_tokens": 2,
    },
}


def main(dialect: str, base: str, model: str, server: str, *rest: str) -> None:
    folder = Path(rest[0]) if rest else Path(__file__).parent / "streams" / "recorded"
    prefix = re.sub(r"\W+", "_", f"{server} {dialect}".lower())
    for name, asked in ASKED.items():
        body = {"model": model, "stream": True, "temperature": 0, "seed": 1, "max_tokens": 9}
        body |= asked | {"stream_options": {"include_usage": True}}
        if dialect != "openai":
            body = translate_request(body, source="openai", target="ollama")
        said = ask(base + DIALECTS[dialect].path, body)
        write(folder / f"{prefix}_{name}", dialect, f"{server}: {name}", body, said)


def ask(url: str, body: dict[str, Any]) -> bytes:
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=120) as answer:
        return bytes(answer.read())


def write(folder: Path, dialect: str, shows: str, asked: dict[str, Any], said: bytes) -> None:
    target = "ollama" if dialect == "openai" else "openai"
    translator = StreamTranslator(dialect, target, STAMP, include_usage=True)
    expected = translator.feed(said, now=NOW) + translator.close(now=NOW)
    case = {
        "shows": f"Recorded from {shows}.",
        "rule": shows.split(":")[0],
        "source": dialect,
        "target": target,
        "asked": asked,
        "ends_in": "error" if translator.error else "finish",
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "case.json").write_text(json.dumps(case, ensure_ascii=False, indent=2) + "\n")
    (folder / f"input.{ENDS[dialect]}").write_bytes(said)
    (folder / f"expected.{ENDS[target]}").write_bytes(expected)
    sys.stdout.write(f"{folder.name}: {len(said)} bytes, ends in {case['ends_in']}\n")


if __name__ == "__main__":
    if len(sys.argv) < 5:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
