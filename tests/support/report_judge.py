"""Checks the rows of a report against the bytes sent, by independent rules.

Nothing here uses the code that makes reports: a row is judged by its paths, outcome and sentence
key, and by the bodies alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from core.exchanges.exchange import Exchange
from core.translation.report.rows import ReportRow
from tests.laws.oracle import above, at, leaves, steps
from tests.support.json_words import decoded, plain_json, plain_json_word, texts_in, texts_of

_EMPTY: tuple[Any, ...] = ("", [], {})
_THINK = ("think", "reasoning_effort")


def faults(exchange: Exchange, header: str, config: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with a report. ``config`` are the settings that the config adds."""
    if not exchange.backend or not exchange.client.request:
        return
    rows = exchange.report()
    body = json.loads(exchange.client.request)
    sent = [json.loads(wire.request) for wire in exchange.backend]
    if not rows:
        if exchange.translated:
            same = [b for b in sent if without_form(b) == without_form(body)]
            if not same and not is_plain(body):
                yield "nothing is said of a translated request"
        return
    held = Judge(exchange, rows, body, sent, config)
    yield from held.rows()
    yield from held.cover()
    lost = [row.path for row in rows if row.outcome == "dropped"]
    listed = header.split(",") if header else []
    if len(header) < 1900 and len(lost) != len(listed):
        yield f"header {header!r} for {lost}"


def is_plain(body: Mapping[str, Any]) -> bool:
    return body.keys() <= {"model", "messages", "stream", "temperature", "top_p", "seed",
                           "max_tokens"}  # fmt: skip


def without_form(body: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in ("model", "stream")}


class Judge:
    def __init__(
        self,
        exchange: Exchange,
        rows: Iterable[ReportRow],
        body: dict[str, Any],
        sent: list[dict[str, Any]],
        config: Mapping[str, Any],
    ) -> None:
        self.exchange = exchange
        self.all = list(rows)
        self.body = body
        self.sent = sent
        self.config = config
        self.source = exchange.client.dialect
        self.target = exchange.backend[-1].dialect
        self.told = "\n".join(text for one in sent for text in texts_in(one))
        # Which body the rows are about: all targets must be in it.
        targets = [steps(row.target) for row in self.all if row.target is not None]
        self.written = sent[exchange.main]
        self.misplaced = not all(has(self.written, place) for place in targets)

    def rows(self) -> Iterator[str]:
        for row in self.all:
            value = None if row.path is None else at(self.body, steps(row.path))
            if row.target is not None and not has(self.written, steps(row.target)):
                yield f"target {row.target} is not in what was sent: {row}"
                continue
            sent = None if row.target is None else at(self.written, steps(row.target))
            for wrong in (self.outcome(row, value, sent), self.sentence(row, value, sent)):
                if wrong:
                    yield (
                        f"{wrong}: {self.source}>{self.target} {row.outcome} {row.path}="
                        f"{short(value)} -> {row.target}={short(sent)} [{row.note.key}]"
                    )

    def cover(self) -> Iterator[str]:
        for name, whole, places in (
            ("client", self.body, [steps(r.path) for r in self.all if r.path is not None]),
            ("backend", self.written, [steps(r.target) for r in self.all if r.target is not None]),
        ):
            for leaf in leaves(whole):
                count = sum(place in places for place in above(leaf))
                if leaf and not count:
                    yield f"no row for {name} {leaf}"
        own = [r.path for r in self.all if r.path is not None]
        if len(own) != len(set(own)):
            yield "two rows for one leaf"

    # Outcomes -------------------------------------------------------------------------------

    def outcome(self, row: ReportRow, value: Any, sent: Any) -> str:  # noqa: C901
        if row.outcome in ("kept", "renamed"):
            if not same(value, sent):
                return f"{row.outcome} but another value"
            return "" if (row.outcome == "kept") == (row.path == row.target) else "path"
        if row.outcome == "retyped" and row.target is not None:
            return "" if self.means(row, value, sent) else "retyped but another meaning"
        if row.outcome == "retyped" and row.target is None:
            return self.unsaid(row, value)
        if row.outcome == "emulated":
            return "" if self.present(row, value) else "emulated but not there"
        if row.outcome == "dropped":
            if row.target is not None:
                return "dropped with a target"
            offered = json.dumps(self.body.get("tools", ""))
            if isinstance(value, str) and len(value) > 3 and value in self.told and (
                f'"{value}"' not in offered and not row.note.key.endswith(_CALL_LOST) and
                self.is_text(row.path or "") and not self.elsewhere(row, value)
                and not (row.path or "").endswith((".role", ".type", ".status"))):  # fmt: skip
                return "dropped but sent"
            return self.still_set(row, value)
        if row.outcome == "defaulted":
            if row.path is not None:
                return "added but from the client"
            if isinstance(sent, str) and len(sent) > 3 and self.is_text(row.target or ""):
                mine = "\n".join(texts_in(self.body))
                named = (row.target or "").endswith((".role", ".type", ".name", "tool_name"))
                if sent in mine and not named and row.note.key != "report.tool_call_id_found":
                    return "added but the client said it"
        return ""

    def means(self, row: ReportRow, value: Any, sent: Any) -> bool:  # noqa: C901
        path, target = row.path or "", row.target or ""
        last = target.rsplit(".", 1)[-1]
        if target == "model" or path == "model":
            return path == "model" and target == "model" and sent != value
        if last == "role":
            ways = {("developer", "system"), ("function", "tool")}
            return isinstance(value, str) and (
                value.lower() == sent or (value.lower(), sent) in ways)  # fmt: skip
        if isinstance(value, str) and isinstance(sent, str):
            if value.strip() and value in sent:
                return True
            if row.note.key == "report.as_text" and "+hidden+" in value:
                return bool(sent)
            if "+hidden+" in value + sent:
                heads = [text.rpartition(",")[2][:8] for text in (value, sent)]
                return heads[0] == heads[1]
            if value.startswith("data:") and "".join(value.split()).endswith(sent):
                return True
            if row.note.key == "report.as_text" and decoded(value) in sent:
                return True
            if sent.startswith("data:") and sent.endswith(value):
                return True
            if value.startswith("http") and path.endswith(("url", "image_url")):
                return True
        if isinstance(value, str) and isinstance(sent, list) and value in sent:
            return True
        if isinstance(value, str) and not isinstance(sent, str) and plain_json_word(value) == sent:
            return True
        if plain_json(value) == plain_json(sent) or json.dumps(value) == sent:
            return True
        if target in _THINK or "effort" in path or "thinking" in path:
            return True
        if path == "tool_choice.disable_parallel_tool_use":
            return sent is (not value)
        if "arguments" not in path and ("choice" in path or "function_call" in path):
            return self.choice(value, sent)
        if "arguments" in path:
            if value in ("", "null", None, " {} ", '"{}"'):
                return plain_json(sent) == {}
            with suppress(ValueError):
                said = plain_json(json.loads(value))
                return plain_json(said) == plain_json(sent) or {"arguments": said} == sent
            return value in texts_in(sent)
        if "format" in path:
            return value in ("json", "json_object", "json_schema") or isinstance(value, dict)
        if path == "logprobs" and target in ("logprobs", "top_logprobs"):
            return True
        if row.note.key == "report.as_text" and isinstance(value, list | dict):
            return all(text in sent for text in texts_of(value))
        if row.note.key == "report.client_tool":
            return json.dumps(value) in sent
        if row.note.key == "report.text_tool":
            return all(text in list(texts_in(sent)) for text in texts_of(value)) or (
                (value, sent) == ("custom", "function"))  # fmt: skip
        if isinstance(value, int | float) and isinstance(sent, int | float):
            return value == sent
        if target == "input":
            return sent == [value] or value == [sent]
        if path == "prompt":
            return value == [sent] or sent in value
        return False

    def choice(self, value: Any, sent: Any) -> bool:
        told = json.dumps(value)
        if isinstance(value, dict) and value.get("type") == "allowed_tools":
            return value.get("allowed_tools", value).get("mode") == sent
        if isinstance(sent, dict):
            name = sent["function"]["name"]
            # A function of a namespace has a name of its own there.
            own = {json.dumps(name), json.dumps(name.rpartition("__")[2])}
            return any(one in told for one in own) or value in ("tool", "function")
        return sent == value or {"any": "required"}.get(value) == sent

    def unsaid(self, row: ReportRow, value: Any) -> str:
        name = row.note.key.rpartition(".")[2]
        rule = _UNSAID.get(name)
        if rule is None:
            return "changed into nothing"
        return "" if rule(row.path or "", value, self.body, self.written) else f"{name} is false"

    def present(self, row: ReportRow, value: Any) -> bool:
        path = row.path or ""
        if path in ("n", "prompt", "tool_choice", "function_call") or "choice" in path:
            return True
        if isinstance(value, str) and value and self.is_text(path):
            return value in self.told or (value.lower() in ("user", "assistant", "tool", "function")
                                          and path.endswith((".role", ".type")))  # fmt: skip
        if isinstance(value, dict):
            names = (value.get("properties") or {}) if isinstance(value, dict) else {}
            return all(name in self.told for name in names)
        return True

    def still_set(self, row: ReportRow, value: Any) -> str:
        path = (row.path or "").removeprefix("options.")
        if '"' in path:
            return ""
        places = {path, f"options.{path}", *_RENAMED.get(path, ())}
        for place in places:
            there = has(self.written, steps(place)) and same(at(self.written, steps(place)), value)
            if there and not any(other.target == place for other in self.all):
                return "dropped but sent"
        return ""

    def elsewhere(self, row: ReportRow, value: Any) -> bool:
        """Tell whether another field that was carried says the same word."""
        others = [r.path for r in self.all if r is not row and r.path and r.target]
        return any(value in texts_in(at(self.body, steps(path))) for path in others)

    def is_text(self, path: str) -> bool:
        return path.startswith(("messages", "input", "system", "instructions", "prompt", "suffix"))

    # Sentences ------------------------------------------------------------------------------

    def sentence(self, row: ReportRow, value: Any, sent: Any) -> str:
        name = row.note.key.rpartition(".")[2]
        rule = _SENTENCES.get(name)
        if rule is None:
            return ""
        return "" if rule(self, row, value, sent) else f"“{name}” is false"

    def beside(self, target: str) -> bool:
        """Tell whether something that the client said stands in the same message."""
        place = steps(target)
        if place[0] != "messages":
            return True
        return any(
            other.path is not None and other.target and steps(other.target)[:2] == place[:2]
            for other in self.all
        )

    def from_config(self, target: str, sent: Any) -> bool:
        place = target.removeprefix("options.")
        names = {"num_predict": "max_tokens", "think": "thinking", "reasoning_effort": "thinking"}
        found = self.config.get(names.get(place, place))
        return found is not None and (found == sent or [found] == sent or place in _THINK)


_RENAMED = {
    "max_tokens": ("options.num_predict",), "max_completion_tokens": ("options.num_predict",),
    "max_output_tokens": ("options.num_predict", "max_tokens"),
    "num_predict": ("max_tokens",), "stop_sequences": ("options.stop", "stop"),
}  # fmt: skip


def has(body: Any, place: Any) -> bool:
    try:
        at(body, place)
    except (KeyError, IndexError, TypeError):
        return False
    return True


def same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and json.dumps(one) == json.dumps(other)


def short(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:70]


Unsaid = Callable[[str, Any, Mapping[str, Any], Mapping[str, Any]], bool]

_UNSAID: Mapping[str, Unsaid] = {
    "null": lambda path, value, body, written: value is None,
    "empty": lambda path, value, body, written: value in _EMPTY,
    "neutral": lambda path, value, body, written: not isinstance(value, str)
    or value in ("auto", "text", "disabled", "none", "medium"),
    "kind_of_lost": lambda path, value, body, written: path.endswith((".type", ".media_type",
        ".format", ".index", ".mimeType", ".mediaType")),
    "effort_unused": lambda path, value, body, written: "disabled" in json.dumps(body),
    "empty_message": lambda path, value, body, written: path.endswith(".role"),
    "implied": lambda path, value, body, written: path.endswith(
        (".type", ".media_type", ".format", ".index", ".mimeType", ".mediaType", ".role", "raw")),
    "blocks": lambda path, value, body, written: path.endswith((".role", ".type")),
    "items": lambda path, value, body, written: path.endswith((".role", ".type")),
    "tool_type": lambda path, value, body, written: path.startswith("tools["),
    "allowed_tools": lambda path, value, body, written: all(
        f'"{tool["function"]["name"].rpartition("__")[2]}"' in json.dumps(value)
        or f'"{tool["function"]["name"].partition("__")[0]}"' in json.dumps(value)
        for tool in written.get("tools", ())),
    "usage_always": lambda path, value, body, written: "include_usage" in path,
    "tool_choice_native": lambda path, value, body, written: "tools" not in written
    or value in ("auto", {"type": "auto"}),
    "unlimited": lambda path, value, body, written: value < 0,
    "raw_mode": lambda path, value, body, written: value in (False, True),
    "format": lambda path, value, body, written: ("format" in written
        or "response_format" in written),
    "format_name": lambda path, value, body, written: "format" in written,
    "format_strict": lambda path, value, body, written: "format" in written,
    "echo_done": lambda path, value, body, written: path == "echo",
    "embed_cut": lambda path, value, body, written: path == "dimensions",
    "encoding": lambda path, value, body, written: path == "encoding_format",
    "expanded": lambda path, value, body, written: path == "previous_response_id",
}  # fmt: skip

_CALL_LOST = ("call_left_out", "call_in_words")
Rule = Callable[[Judge, ReportRow, Any, Any], bool]

_REQUIRED = frozenset({"type", "name", "role", "content", "index", "arguments", "strict", "input",
    "response_format", "format"})  # fmt: skip

_SENTENCES: Mapping[str, Rule] = {
    "kept": lambda j, row, value, sent: same(value, sent),
    "deployment_default": lambda j, row, value, sent: j.from_config(row.target or "", sent),
    "required_there": lambda j, row, value, sent: j.beside(row.target or "")
    and steps(row.target or "")[-1] in _REQUIRED,
    "role_case": lambda j, row, value, sent: value != sent and str(value).lower() == sent,
    "developer": lambda j, row, value, sent: str(value).lower() == "developer" and sent == "system",
    "stream_default": lambda j, row, value, sent: "stream" not in j.body or j.body["stream"] is None
    or row.target == "stream",
    "tool_name_found": lambda j, row, value, sent: any(
        sent == call["function"]["name"]
        for message in j.written["messages"]
        for call in message.get("tool_calls") or ()),
    "tool_call_id_found": lambda j, row, value, sent: f'"id": {json.dumps(sent)}'
    in json.dumps(j.body),
    "model_alias": lambda j, row, value, sent: value != sent,
    "image": lambda j, row, value, sent: value != sent,
    "stop_list": lambda j, row, value, sent: True,
    "image_fetched": lambda j, row, value, sent: str(value).startswith("http"),
    "history_in_words": lambda j, row, value, sent: '"text_' in json.dumps(j.body),
    "history_flattened": lambda j, row, value, sent: "tool" in json.dumps(j.body)
    or "function" in json.dumps(j.body)
    or "_call" in json.dumps(j.body),
    "usage_asked": lambda j, row, value, sent: row.path is None and sent is True,
    "no_native": lambda j, row, value, sent: j.target in ("ollama", "generate"),
    "no_openai": lambda j, row, value, sent: j.target in ("openai", "completions", "embeddings"),
}  # fmt: skip
