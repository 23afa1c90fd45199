"""Whether a value that was written says what the client's value says, in another form."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from core.errors import DiglotError
from core.translation.codec.json import decode_json, encode_json, read_setting
from core.translation.dialects.registry import DIALECTS
from core.translation.dialects.shared.thinking import SWITCHES, effort_of, named
from core.translation.fields.allowed_tools import allowed_choice
from core.translation.fields.field import Field
from core.translation.report.scene import Scene, same

_TEXTS = frozenset({"content", "content.text", "refusal", "prompt", "system", "message.thinking",
                    "raw_prompt", "suffix"})  # fmt: skip
_ROLES = {"developer": "system", "function": "tool"}
# Choices of a tool that have another name elsewhere.
_CHOICES = {"any": "required", "tool": "function"}


def carries(row: Field, value: Any, sent: Any, scene: Scene) -> bool:
    """Tell whether ``sent`` says ``value``; equal values always do."""
    if same(value, sent) or row.name.endswith("model"):
        return True
    if row.setting:
        return _setting(row, value, sent)
    if row.name == "role":
        spelled = str(value).lower()
        return bool(_ROLES.get(spelled, spelled) == sent or spelled == sent)
    if row.name == "thinking":
        return _effort(value, sent, scene)
    if row.name == "tool_choice":
        return _choice(value, sent)
    if row.name == "image":
        return _image(value, sent)
    if row.note == "as_text" and isinstance(value, dict | list) and isinstance(sent, str):
        said = list(_texts(value))
        return bool(said) and all(text in sent for text in said)
    if row.note == "as_text" and isinstance(value, str):
        # Where the data was not kept nothing more can be seen than that there are words.
        kept = "+hidden+" not in value
        return isinstance(sent, str) and bool(value) and (not kept or _decoded(value) in sent)
    if row.name in _TEXTS and isinstance(value, str) and isinstance(sent, str):
        return bool(value) and value in sent
    return _otherwise(row, value, sent)


def _otherwise(row: Field, value: Any, sent: Any) -> bool:
    if row.note == "text_tool":
        # A tool of text is a function of one string there.
        return (value, sent) == ("custom", "function") or _holds(value, sent)
    if row.note == "client_tool":
        return encode_json(value).decode() in str(sent)
    if row.note in ("tools_added", "expanded"):
        return False
    if row.name == "raw_prompt" or row.name == "embed.input":
        listed = isinstance(value, list) and sent in value
        return bool(listed or sent == [value])
    if row.name == "call.arguments":
        # What is no object, or was cut, stands whole in one.
        said = opened(value)
        return bool(opened(sent) in (said, {"arguments": said}, {"arguments": value}))
    if row.name == "format":
        return isinstance(sent, dict) or {value, sent} <= {"json", "json_object"}
    if row.name == "parallel_tool_calls":
        return sent is (not value)
    if row.name == "logprobs":
        return sent is True and isinstance(value, int)
    return bool(opened(value) == opened(sent))


def _setting(row: Field, value: Any, sent: Any) -> bool:
    if sent in (value, [value]) or (isinstance(sent, list) and value in sent):
        return True
    with suppress(DiglotError):
        return bool(sent == read_setting(value, row.kind, ""))
    return False


def _effort(value: Any, sent: Any, scene: Scene) -> bool:
    value = SWITCHES.get(value, value) if isinstance(value, str) else value
    if value is True:
        return sent not in (False, "none")
    target = DIALECTS.get(scene.target)
    effort = value if isinstance(value, bool | str) else effort_of(value)
    if target is None or target.dump_effort is None or not isinstance(effort, bool | str):
        return False
    return bool(sent == target.dump_effort(named(effort)))


def _choice(value: Any, sent: Any) -> bool:
    named = sent.get("function", sent).get("name") if isinstance(sent, dict) else None
    allowed = allowed_choice({"tool_choice": value})
    if allowed is not None:
        mode = str(sent.get("type") if isinstance(sent, dict) else sent)
        return bool(_CHOICES.get(mode, mode) == allowed.get("mode", "auto"))
    if isinstance(value, dict):
        inner = value.get("function", value)
        # Anthropic's API has the name in a field of its own.
        named = sent if isinstance(sent, str) else named
        if not isinstance(named, str) or not isinstance(inner, dict):
            return False
        # A tool that the API knows itself is chosen by its type.
        asked = inner.get("name")
        within = isinstance(asked, str) and named.endswith(f"__{asked}")
        return asked == named or within or str(inner.get("type")).startswith(named)
    if isinstance(sent, dict):
        return bool(value == named or value in ("tool", "function"))
    return bool(_choice_word(value) == _choice_word(sent))


def _choice_word(value: Any) -> Any:
    return _CHOICES.get(value, value) if isinstance(value, str) else value


def _image(value: Any, sent: Any) -> bool:
    if not isinstance(value, str) or not isinstance(sent, str):
        return False
    fetched = value.startswith("http") and not sent.startswith("http")
    one, other = _data(value), _data(sent)
    for whole, note in ((one, other), (other, one)):
        head, hidden, _ = note.partition("+hidden+")
        # Where the data was not kept, the beginning alone can be compared.
        if hidden and head and whole.startswith(head):
            return True
    return fetched or one == other


def _data(image: str) -> str:
    data = image.rpartition(",")[2] if image.startswith("data:") else image
    return "".join(data.split()).rstrip("=")


def _decoded(data: str) -> str:
    """Return the words of a file that is in a request, as base64 or as they are."""
    with suppress(ValueError):
        return b64decode(data.rpartition(",")[2], validate=True).decode()
    return data


def _holds(value: Any, sent: Any) -> bool:
    """Tell whether every text in a value stands in what was sent."""
    whole = encode_json(opened(sent)).decode()
    said = list(_texts(opened(value)))
    return bool(said) and all(encode_json(text).decode()[1:-1] in whole for text in said)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        # What kind of thing it is the place says.
        items = [v for k, v in value.items() if k != "type"] if isinstance(value, dict) else value
        for item in items:
            yield from _texts(item)


def opened(value: Any) -> Any:
    """Return what JSON text says; a call's arguments are text in one dialect, an object elsewhere.

    Arguments that were written as text twice over, or left out, count as the object they mean.
    """
    for _ in range(2):
        if not isinstance(value, str):
            break
        if not value.strip():
            return {}
        try:
            value = decode_json(value)
        except DiglotError:
            return value
    return {} if value is None else value
