"""Programs with the whole loop: the official ``openai`` SDK, and the ``ollama`` package."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from core.tools.definitions.values import Definition
from core.tools.takeaway.parts import literal, sources, tools_literal

Sdk = Literal["openai", "ollama"]

_HEAD = '''"""Ask a model with tools, run what it calls, and go on until it answers in words.

    pip install {sdk}
    python {sdk}_tools.py "a question"

{places} and MODEL in the environment say whom to ask.
"""

import json
import os
import sys

from {sdk} import {client}

'''

_CALL = '''

def run_tool(name, arguments):
    """Return the result as text; what goes wrong is for the model to read."""
    try:
        result = RUN[name](**arguments)
    except Exception as exc:
        result = {"error": f"{type(exc).__name__}: {exc}"}
    return result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)

'''

_OPENAI = """
def main(question):
    client = OpenAI(base_url=BASE_URL, api_key=os.environ.get("OPENAI_API_KEY", "none"))
    messages = [*BEFORE, {"role": "user", "content": question}]
    for _ in range(TURNS):
        answer = client.chat.completions.create(model=MODEL, messages=messages, tools=TOOLS)
        message = answer.choices[0].message
        if not message.tool_calls:
            print(message.content)
            return
        messages.append(message.model_dump(exclude_none=True))
        for call in message.tool_calls:
            result = run_tool(call.function.name, json.loads(call.function.arguments or "{}"))
            print(f"{call.function.name}({call.function.arguments}) -> {result}", file=sys.stderr)
            messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
    sys.exit(f"the model was still calling tools after {TURNS} turns")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else QUESTION)
"""

# The package's own classes drop what they do not know of a schema; the report says what.
_OLLAMA = """
def main(question):
    client = Client(host=BASE_URL)
    messages = [*BEFORE, {"role": "user", "content": question}]
    for _ in range(TURNS):
        message = client.chat(model=MODEL, messages=messages, tools=TOOLS).message
        if not message.tool_calls:
            print(message.content)
            return
        messages.append(message)
        for call in message.tool_calls:
            name, arguments = call.function.name, dict(call.function.arguments)
            result = run_tool(name, arguments)
            print(f"{name}({json.dumps(arguments, ensure_ascii=False)}) -> {result}",
                  file=sys.stderr)
            messages.append({"role": "tool", "tool_name": name, "content": result})
    sys.exit(f"the model was still calling tools after {TURNS} turns")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else QUESTION)
"""


def script(
    sdk: Sdk,
    definitions: Sequence[Definition],
    *,
    model: str,
    origin: str,
    prompt: str,
    system: str = "",
    known: Mapping[str, Callable[..., Any]] | None = None,
) -> str:
    """Return a program that asks ``model`` at ``origin`` (scheme, host and port of a Diglot,
    or of anything that speaks the same API). ``known``: see core.tools.takeaway.parts."""
    place = "OPENAI_BASE_URL" if sdk == "openai" else "OLLAMA_HOST"
    base = f"{origin}/v1" if sdk == "openai" else origin
    client = "OpenAI" if sdk == "openai" else "Client"
    before = [{"role": "system", "content": system}] if system.strip() else []
    return "".join(
        (
            _HEAD.format(sdk=sdk, client=client, places=place),
            f"BASE_URL = os.environ.get({place!r}, {base!r})\n",
            f'MODEL = os.environ.get("MODEL", {model!r})\n',
            literal("QUESTION", prompt),
            literal("BEFORE", before),
            "TURNS = 8\n\n",
            tools_literal(definitions),
            "\n\n",
            sources(definitions, known or {}),
            _CALL,
            _OPENAI if sdk == "openai" else _OLLAMA,
        )
    )
