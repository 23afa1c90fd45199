"""BFCL's format is read and written without loss."""

from __future__ import annotations

import json

from jsonschema import Draft202012Validator

from core.tools.definitions.reading import dump_as, dump_text, parse_any
from core.tools.definitions.values import FORMATS
from tests.tools.definitions.bfcl_sample import definitions as bfcl_definitions


def test_the_bfcl_format_is_read_without_loss() -> None:
    sample = list(bfcl_definitions())
    assert len(sample) >= 100
    lost = []
    for index, item in enumerate(sample):
        parsed = parse_any(json.dumps(item))
        (definition,) = parsed.definitions
        Draft202012Validator.check_schema(dict(definition.tool.parameters or {}))
        # Python is read with much more care, and so more slowly.
        for view in FORMATS if index % 8 == 0 else FORMATS[:-1]:
            text = dump_text([definition], view)
            (seen,) = parse_any(text, known=[definition], form=view).definitions
            if json.dumps(dump_as(seen, "bfcl")) != json.dumps(item):
                lost.append((item["name"], view))
    assert not lost


def test_bfcl_words_survive_an_edit_elsewhere() -> None:
    pair = {"type": "tuple", "items": {"type": "double"}}
    schema = {"type": "dict", "properties": {"pair": pair, "n": {"type": "long"}}}
    item = {"name": "f", "description": "", "parameters": schema}
    (definition,) = parse_any(json.dumps([item])).definitions
    assert definition.tool.parameters == {
        "type": "object",
        "properties": {
            "pair": {"type": "array", "items": {"type": "number"}},
            "n": {"type": "integer"},
        },
    }
    text = dump_text([definition], "openai").replace('"integer"', '"string"')
    (edited,) = parse_any(text, known=[definition]).definitions
    written = dump_as(edited, "bfcl")["parameters"]["properties"]
    assert written == {"pair": {"type": "tuple", "items": {"type": "double"}},
                       "n": {"type": "string"}}  # fmt: skip


def test_entries_of_a_test_set_are_read_line_by_line() -> None:
    rows = [{"id": f"simple_{n}", "question": [[{"role": "user", "content": "?"}]],
             "function": [f]} for n, f in enumerate([*bfcl_definitions()][:5])]  # fmt: skip
    parsed = parse_any("\n".join(json.dumps(row) for row in rows))
    assert parsed.format == "bfcl"
    assert len(parsed.definitions) == 5
