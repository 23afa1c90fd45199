"""Cases as a file for pytest, which asks a model and judges as the matrix does."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from core.errors import InvalidRequest
from core.tools.cases.predicate import CHECK, predicate_source
from core.tools.cases.values import Case
from core.tools.definitions.values import Definition
from core.tools.takeaway.parts import literal, tools_literal

_HEAD = '''"""Whether a model calls these tools as it should.

    pip install pytest openai jsonschema
    pytest test_tools.py

OPENAI_BASE_URL and MODEL in the environment say whom to ask, RUNS how often each.
"""

import json
import os
import re

import jsonschema
import pytest
from openai import OpenAI

'''

_JUDGE = '''

@pytest.fixture(scope="session")
def client():
    with OpenAI(base_url=BASE_URL, api_key=os.environ.get("OPENAI_API_KEY", "none")) as made:
        yield made


@pytest.mark.parametrize("number", range(int(os.environ.get("RUNS", "1"))))
@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_tools(client, case, number):
    before = [{"role": "system", "content": case["system"]}] if case["system"] else []
    messages = [*before, {"role": "user", "content": case["prompt"]}]
    answer = client.chat.completions.create(model=MODEL, messages=messages, tools=TOOLS)
    message = answer.choices[0].message
    calls = [
        {"name": call.function.name, "arguments": json.loads(call.function.arguments or "{}")}
        for call in message.tool_calls or []
    ]
    schemas = {tool["function"]["name"]: tool["function"].get("parameters") for tool in TOOLS}
    for call in calls:
        assert call["name"] in schemas, call
        jsonschema.validate(call["arguments"], schemas[call["name"]] or {})
    if case["judge"] == "python":
        first = calls[0] if calls else {"name": "", "arguments": {}}
        assert CHECKS[case["id"]](first["name"], first["arguments"], calls, message.content or "")
        return
    names = sorted(one["tool"] for one in case["expected"])
    assert sorted(call["name"] for call in calls) == names, (calls, message.content)
    left = list(calls)
    for expected in case["expected"]:
        found = [call for call in left if fits(case["judge"], expected, call)]
        assert found, f"expected {expected}, got {calls}"
        left.remove(found[0])


def fits(judge, expected, call):
    wanted = expected["arguments"]
    if call["name"] != expected["tool"]:
        return False
    if wanted is None:
        return True
    if judge == "schema":
        return jsonschema.Draft202012Validator(wanted).is_valid(call["arguments"])
    if judge == "options":
        return fits_options(call["arguments"], wanted)
    return same(call["arguments"], wanted)


def same(one, other):
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def fits_options(arguments, options):
    """Each argument is one of the values that would do; an empty string: it may be left out."""
    if not arguments.keys() <= options.keys():
        return False
    for name, allowed in options.items():
        allowed = allowed if isinstance(allowed, list) else [allowed]
        if name not in arguments:
            if "" not in allowed:
                return False
        elif not any(would_do(arguments[name], one) for one in allowed):
            return False
    return True


def would_do(value, option):
    if isinstance(value, str) and isinstance(option, str):
        return loose(value) == loose(option)
    if isinstance(value, list) and isinstance(option, list):
        return len(value) == len(option) and all(map(would_do, value, option))
    if isinstance(value, dict) and isinstance(option, dict):
        return fits_options(value, option)
    return same(value, option)


def loose(text):
    return re.sub(r"[\\s,./\\-_*^'\\"]", "", text).casefold()
'''


def pytest_file(
    definitions: Sequence[Definition], cases: Sequence[Case], *, model: str, origin: str
) -> str:
    """Return the file. Raises InvalidRequest without cases, and for a predicate that is no
    Python."""
    if not cases:
        raise InvalidRequest("there are no cases to test", path="cases")
    built, checks, functions = [], [], []
    for number, case in enumerate(cases):
        name = f"{case.id or 'case'}_{number + 1}"
        built.append({**msgspec.to_builtins(case), "id": name})
        if case.judge == "python":
            function = f"{CHECK}_{number + 1}"
            source = predicate_source(case.predicate)
            functions.append(source.replace(f"def {CHECK}(", f"def {function}(", 1))
            checks.append(f"{name!r}: {function}")
    return "".join(
        (
            _HEAD,
            f'BASE_URL = os.environ.get("OPENAI_BASE_URL", {f"{origin}/v1"!r})\n',
            f'MODEL = os.environ.get("MODEL", {model!r})\n',
            tools_literal(definitions),
            literal("CASES", built),
            "".join(f"\n\n{function}" for function in functions),
            "\n\nCHECKS = {" + ", ".join(checks) + "}\n",
            _JUDGE,
        )
    )
