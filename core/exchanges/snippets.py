"""Code snippets that repeat a request: curl, Python libraries, or JavaScript.

They contain the body in its order, and never a key: the reader adds it where a server needs one.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping
from contextlib import suppress
from pprint import pformat
from typing import Any

from core.errors import DiglotError, Unsupported
from core.translation.dialects.registry import DIALECTS
from core.translation.fields.chat import EXTENSIONS
from core.translation.translate import translate_request

# Parameters of Client.chat and .generate in the Python package ollama 0.6.
_OLLAMA = {
    "/api/chat": "model messages tools stream think logprobs top_logprobs format options "
    "keep_alive",
    "/api/generate": "model prompt suffix system template context stream think logprobs "
    "top_logprobs raw format images options keep_alive",
}
# Parameters of chat.completions.create in the Python package openai 3: the rest goes as extra_body.
_OPENAI = frozenset(
    """messages model audio frequency_penalty function_call functions logit_bias logprobs
    max_completion_tokens max_tokens metadata modalities n parallel_tool_calls prediction
    presence_penalty prompt_cache_key reasoning_effort response_format safety_identifier seed
    service_tier stop store stream stream_options temperature tool_choice tools top_logprobs
    top_p user verbosity web_search_options""".split()
)


def snippet(way: str, body: Mapping[str, Any], *, path: str, origin: str) -> str:
    """Return code that sends ``body`` to ``path`` of the server at ``origin``.

    Raises Unsupported if the library does not support the path.
    """
    speaks, write = WAYS[way]
    if speaks and path not in speaks:
        raise Unsupported(f"{way} does not speak to {path}")
    code = write(body, path, origin.rstrip("/"))
    if "+hidden+" in code:
        mark = "//" if LANGUAGES[way] == "javascript" else "#"
        return (
            f"{mark} Pictures and sounds are not kept: put the data where it says +hidden+\n{code}"
        )
    return code


def snippets(body: dict[str, Any], *, dialect: str, path: str, origin: str) -> dict[str, str]:
    """Return code for every library that supports ``body``, translated if necessary.

    ``origin`` is that of Diglot, whose dialects accept each other's settings.
    """
    found: dict[str, str] = {}
    for way, (speaks, _) in WAYS.items():
        if not speaks or path in speaks:
            found[way] = snippet(way, body, path=path, origin=origin)
        elif dialect in DIALECTS:
            target = next(d for d in DIALECTS.values() if d.path == speaks[0])
            with suppress(DiglotError):
                written = translate_request(
                    body, source=dialect, target=target.name, accepts=EXTENSIONS["diglot"]
                )
                found[way] = snippet(way, written, path=target.path, origin=origin)
    return found


def _curl(body: Mapping[str, Any], path: str, origin: str) -> str:
    told = json.dumps(body, ensure_ascii=False, indent=2)
    flags = "-N " if _streams(body, path) else ""
    return (
        f"curl {flags}{shlex.quote(origin + path)} \\\n"
        f"  -H 'Content-Type: application/json' \\\n  -d {shlex.quote(told)}\n"
    )


def _requests(body: Mapping[str, Any], path: str, origin: str) -> str:
    call = f"requests.post({origin + path!r}, json=body, timeout=300"
    if _streams(body, path):
        return _lines(
            "import requests",
            "",
            f"body = {_literal(body)}",
            f"with {call}, stream=True) as answer:",
            "    answer.raise_for_status()",
            "    for line in answer.iter_lines():",
            "        print(line.decode())",
        )
    return _lines(
        "import requests",
        "",
        f"body = {_literal(body)}",
        f"answer = {call})",
        "answer.raise_for_status()",
        "print(answer.json())",
    )


def _httpx(body: Mapping[str, Any], path: str, origin: str) -> str:
    head = ("import httpx", "", f"body = {_literal(body)}")
    if _streams(body, path):
        return _lines(
            *head,
            f"with httpx.stream({'POST'!r}, {origin + path!r}, json=body, timeout=300) as answer:",
            "    answer.raise_for_status()",
            "    for line in answer.iter_lines():",
            "        print(line)",
        )
    return _lines(
        *head,
        f"answer = httpx.post({origin + path!r}, json=body, timeout=300)",
        "answer.raise_for_status()",
        "print(answer.json())",
    )


def _openai(body: Mapping[str, Any], path: str, origin: str) -> str:
    del path
    extra = {key: value for key, value in body.items() if key not in _OPENAI}
    arguments = {key: value for key, value in body.items() if key in _OPENAI}
    if extra:
        arguments["extra_body"] = extra
    head = (
        "from openai import OpenAI",
        "",
        f'client = OpenAI(base_url={origin + "/v1"!r}, api_key="not-needed")',
    )
    if body.get("stream"):
        return _lines(
            *head,
            f"stream = client.chat.completions.create({_arguments(arguments)})",
            "for chunk in stream:",
            "    if chunk.choices:",
            '        print(chunk.choices[0].delta.content or "", end="", flush=True)',
        )
    return _lines(
        *head,
        f"answer = client.chat.completions.create({_arguments(arguments)})",
        "print(answer.choices[0].message)",
    )


def _ollama(body: Mapping[str, Any], path: str, origin: str) -> str:
    known = _OLLAMA[path].split()
    left_out = [key for key in body if key not in known]
    arguments = {key: value for key, value in body.items() if key in known}
    # The client does not stream unless told to; the API does.
    arguments["stream"] = _streams(body, path)
    method, text = (
        ("generate", "response") if path.endswith("generate") else ("chat", "message.content")
    )
    head = ["from ollama import Client", "", f"client = Client(host={origin!r})"]
    if left_out:
        head.insert(1, f"# The client cannot send: {', '.join(left_out)}")
    if arguments["stream"]:
        return _lines(
            *head,
            f"for part in client.{method}({_arguments(arguments)}):",
            f'    print(part.{text} or "", end="", flush=True)',
        )
    return _lines(*head, f"answer = client.{method}({_arguments(arguments)})", "print(answer)")


def _fetch(body: Mapping[str, Any], path: str, origin: str) -> str:
    head = (
        f"const body = {_json(body)};",
        f"const answer = await fetch({_json(origin + path)}, {{",
        '  method: "POST",',
        '  headers: {"Content-Type": "application/json"},',
        "  body: JSON.stringify(body),",
        "});",
        "if (!answer.ok) throw new Error(await answer.text());",
    )
    if not _streams(body, path):
        return _lines(*head, "console.log(await answer.text());")
    return _lines(
        *head,
        "const decoder = new TextDecoder();",
        "for await (const piece of answer.body) {",
        "  console.log(decoder.decode(piece, {stream: true}));",
        "}",
    )


def _openai_npm(body: Mapping[str, Any], path: str, origin: str) -> str:
    del path
    head = (
        'import OpenAI from "openai";',
        "",
        f'const client = new OpenAI({{baseURL: {_json(origin + "/v1")}, apiKey: "not-needed"}});',
    )
    if body.get("stream"):
        return _lines(
            *head,
            f"const stream = await client.chat.completions.create({_json(body)});",
            "for await (const chunk of stream) {",
            '  process.stdout.write(chunk.choices[0]?.delta?.content ?? "");',
            "}",
        )
    return _lines(
        *head,
        f"const answer = await client.chat.completions.create({_json(body)});",
        "console.log(answer.choices[0].message);",
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _streams(body: Mapping[str, Any], path: str) -> bool:
    value = body.get("stream")
    return path in _OLLAMA if value is None else bool(value)


def _arguments(values: Mapping[str, Any]) -> str:
    lines = [f"    {key}={_literal(value, indent=4)}," for key, value in values.items()]
    return "\n" + "\n".join(lines) + "\n"


def _literal(value: Any, *, indent: int = 0) -> str:
    text = pformat(value, sort_dicts=False, width=92 - indent)
    return text.replace("\n", "\n" + " " * indent)


def _lines(*lines: str) -> str:
    return "\n".join(lines) + "\n"


_Write = Callable[[Mapping[str, Any], str, str], str]

WAYS: Mapping[str, tuple[tuple[str, ...], _Write]] = {
    "curl": ((), _curl),
    "requests": ((), _requests),
    "httpx": ((), _httpx),
    "openai": (("/v1/chat/completions",), _openai),
    "ollama": (("/api/chat", "/api/generate"), _ollama),
    "fetch": ((), _fetch),
    "openai-npm": (("/v1/chat/completions",), _openai_npm),
}
"""Each library with its paths (empty: all) and its writer."""

LANGUAGES: Mapping[str, str] = {
    "curl": "bash",
    "requests": "python",
    "httpx": "python",
    "openai": "python",
    "ollama": "python",
    "fetch": "javascript",
    "openai-npm": "javascript",
}
"""The language of each snippet."""
