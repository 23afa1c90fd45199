"""The translation as a library: a request, its report, a whole answer and a stream, offline.

python examples/translate_as_library.py
"""

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from core import (
    Stamp,
    StreamTranslator,
    explain_request,
    translate_request,
    translate_response,
)

asked = {
    "model": "qwen3:4b",
    "messages": [{"role": "user", "content": "Why is the sky blue?"}],
    "temperature": 0.2,
    "max_completion_tokens": 64,
    "logit_bias": {"1734": -100},
}
written = translate_request(asked, source="openai", target="ollama")
print(json.dumps(written, indent=2))

# What became of each field, and why.
for row in explain_request(asked, written, source="openai", target="ollama"):
    print(f"{row.outcome:9}  {row.path or '':22} -> {row.target or '':24} {row.note.text('en')}")

# The core makes up no ids and reads no clock: both are given.
stamp = Stamp(id="1", created=time.time_ns(), model=asked["model"])
answer = {
    "model": "qwen3:4b",
    "message": {"role": "assistant", "content": "Short waves scatter most."},
    "done": True,
    "done_reason": "stop",
    "prompt_eval_count": 14,
    "eval_count": 6,
}
print(
    json.dumps(
        translate_response(
            answer, source="ollama", target="openai", stamp=stamp, now=time.time_ns()
        )
    )
)

# A stream comes in pieces of any size, cut anywhere.
stream = StreamTranslator("ollama", "anthropic", stamp)
piece = {"model": "qwen3:4b", "message": {"role": "assistant", "content": "Hi"}, "done": False}
data = b"".join(json.dumps(line).encode() + b"\n" for line in (piece, answer))
for start in range(0, len(data), 100):
    print(stream.feed(data[start : start + 100], now=time.time_ns()).decode(), end="")
print(stream.close(now=time.time_ns()).decode(), end="")
