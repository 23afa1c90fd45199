"""Settings: the flat settings of one dialect, read and written from its rows of the table alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from core.translation.codec.json import is_setting, read_object, read_setting
from core.translation.fields.chat import CHAT_FIELDS
from core.translation.fields.field import Columns, Field

_NOTHING: tuple[Any, ...] = (None, "", [])


class Settings:
    """Reads and writes the settings of one dialect. A dialect makes it once, of its columns.

    ``by_path`` are the rows by every path from which they are read, own names after aliases;
    ``by_name`` those that the dialect writes, by the hub's name of the setting.
    """

    def __init__(self, columns: Columns) -> None:
        self.columns = columns
        self.dialect = dialect = columns.dialect
        rows = [
            row
            for row in (*columns.added_to(CHAT_FIELDS), *columns.rows)
            if row.setting and dialect in row.paths
        ]  # fmt: skip
        ordered = sorted(rows, key=lambda row: not row.alias)
        self.by_path: Mapping[str, Field] = {row.paths[dialect]: row for row in ordered}
        self.by_name: Mapping[str, Field] = {row.name: row for row in rows if not row.alias}

    def parse(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings that ``body`` carries, by hub name. Nulls count as absent.

        A value of the wrong kind is left out where servers of this dialect ignore it (what other
        dialects have brought, and stops); what they check themselves raises InvalidRequest with
        its path.
        """
        table, winner = self.by_path, self.columns.winner
        own: dict[str, Any] = {}
        aliases: dict[str, Any] = {}
        for key, value in body.items():
            # A path such as options.seed is no key of the body itself.
            row = None if "." in key else table.get(key)
            if row is not None and value is not None:
                self._put(row, key, value, own, aliases)
        options = body.get("options")
        if options is not None and (self.columns.native or isinstance(options, dict)):
            for key, value in read_object(options, "options").items():
                row = table.get(f"options.{key}")
                if row is not None and value is not None:
                    self._put(row, f"options.{key}", value, own, aliases)
        settings = {**aliases, **own}
        if winner and is_setting(body.get(winner), "integer"):
            settings["max_tokens"] = read_setting(body[winner], "integer", winner)
        return settings

    def _put(
        self, row: Field, path: str, value: Any, own: dict[str, Any], aliases: dict[str, Any]
    ) -> None:
        if row.kind == "strings" and not self.columns.native:
            value = texts_among(value)
        if not is_setting(value, row.kind) and not self._checks(row):
            return
        read = read_setting(value, row.kind, path)
        # No stops, or no duration, says nothing; OpenAI refuses the one and Ollama the other.
        if read in ([], "") and row.kind != "any":
            return
        if row.alias:
            aliases.setdefault(row.name, read)
        else:
            own[row.name] = read

    def _checks(self, row: Field) -> bool:
        """Tell whether servers of this dialect refuse a value of the wrong kind here."""
        columns = self.columns
        if columns.native:
            return True
        standard = columns.standard
        own = not row.extension if standard is None else row.name in standard
        # Ollama's openai/openai.go reads ``stop`` as anything, and passes over what is no text.
        return own and not row.alias and row.kind != "strings"

    def dump(self, settings: Mapping[str, Any], accepts: Collection[str] = ()) -> dict[str, Any]:
        """Return a body with each setting where the dialect writes it.

        What the dialect cannot say is left out; so are extensions that are not in ``accepts``.
        """
        body: dict[str, Any] = {}
        options: dict[str, Any] = {}
        for name, value in settings.items():
            row = self.by_name.get(name)
            if row is None or not self.says(row, value, accepts):
                continue
            path = row.paths[self.dialect]
            if path.startswith("options."):
                options[path[8:]] = value
            else:
                body[path] = value
        if options:
            body["options"] = options
        return body

    def says(self, row: Field, value: Any, accepts: Collection[str] = ()) -> bool:
        """Tell whether the dialect can say this value of this row at all."""
        if self.dialect not in row.paths:
            return False
        columns = self.columns
        if columns.native:
            return True
        standard = columns.standard
        extension = row.extension if standard is None else row.name not in standard
        if extension and row.name not in accepts:
            return False
        # num_predict -1 and -2 mean "no limit", which OpenAI says by leaving max_tokens out.
        return not (row.name == "max_tokens" and value < 0)

    def with_defaults(self, body: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
        """Return ``body`` with the settings of ``defaults`` that it does not carry itself.

        A null carries nothing, and neither do no stops or no duration: a default takes their
        place.
        """
        given = self._carried(body)
        missing = {name: value for name, value in defaults.items() if name not in given}
        added = self.dump(missing, accepts=missing)
        own = body.get("options") or {}
        if not isinstance(own, Mapping):
            return {**added, **body}  # the backend's to judge
        options = _filled(own, added.pop("options", {}))
        return {**_filled(body, added), **({"options": options} if options else {})}

    def _carried(self, body: Mapping[str, Any]) -> set[str]:
        """Return the names of the settings that a body has, whatever their values are."""
        values = {key: value for key, value in body.items() if "." not in key}
        options = body.get("options")
        if isinstance(options, Mapping):
            values |= {f"options.{key}": value for key, value in options.items()}
        if self.columns.winner and values.get("max_tokens") is None:
            values["max_tokens"] = values.get(self.columns.winner)
        found: set[str] = set()
        for key, value in values.items():
            row = self.by_path.get(key)
            said = value is not None and (value not in _NOTHING or (row and row.kind == "any"))
            if row is not None and said:
                found.add(row.name)
        return found


def texts_among(value: Any) -> Any:
    """Return the texts in a list that holds other things, too: Ollama passes over those."""
    texts = [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
    return texts or value


def _filled(given: Mapping[str, Any], added: Mapping[str, Any]) -> dict[str, Any]:
    said = {key: value for key, value in given.items() if key not in added or value not in _NOTHING}
    return {**added, **said}
