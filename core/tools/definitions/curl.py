"""A tool from a curl command: its query and its JSON body become parameters.

The command is read, never run. Its values become examples; keys and passwords are left out.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from core.errors import DiglotError, InvalidRequest
from core.tools.curl_words import DATA, as_unix, options, takes_value, words
from core.tools.definitions.remarks import REMARKS
from core.tools.definitions.values import Definition, Parsed, Remark
from core.tools.http_template import HttpTemplate
from core.translation.codec.json import decode_json
from core.translation.messages import Tool

MAX_COMMAND = 100_000
"""Characters of a command that are read."""

_SECRET = frozenset("-u --user -b --cookie --oauth2-bearer --cert --key".split())
_FILES = frozenset("-F --form -T --upload-file".split())
_SECRET_NAME = re.compile(r"authorization|api[-_]?key|token|secret|cookie|password|passwd|"
                          r"^key$|access[-_]?key|signature|credential", re.I)  # fmt: skip
# Sent anyway, or useless in a template.
_PLAIN_HEADERS = frozenset({"content-type", "content-length", "host", "connection", "user-agent"})


def parse_curl(text: str) -> Parsed:
    """Return the tool that a command describes. Raises InvalidRequest."""
    command = _Command(_words(text))
    url = command.url()
    try:
        parts = urlsplit(url)
    except ValueError as exc:
        raise InvalidRequest(f"the address in the curl command is none: {exc}") from exc
    properties: dict[str, Any] = {}
    query: dict[str, str] = {}
    for key, value in parse_qsl(parts.query, keep_blank_values=True):
        if _SECRET_NAME.search(key):
            command.remark(key, "credentials")
            continue
        properties[key] = {"type": "string", "examples": [value]}
        query[key] = f"{{{key}}}"
    body, encoding = command.body()
    template: Any = None
    if command.in_query and isinstance(body, dict):
        for key, value in body.items():
            properties.setdefault(key, _schema(value))
            query[key] = f"{{{key}}}"
    elif isinstance(body, dict):
        template = {}
        for key, value in body.items():
            name = key if key not in properties else f"body_{key}"
            properties[name] = _schema(value)
            template[key] = f"{{{name}}}"
    elif body is not None:
        properties["body"], template = _schema(body), "{body}"
    http = HttpTemplate(
        url=_escaped(f"{parts.scheme}://{parts.netloc}{parts.path}"),
        method=command.method(has_body=template is not None),
        query=query, headers=command.headers(), body=template, encoding=encoding,
    )  # fmt: skip
    command.remark(http.url, "made_up_name")
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if properties:
        schema["required"] = list(properties)
    tool = Tool(name=_name(http.method, parts.path, parts.hostname or ""), parameters=schema)
    definition = Definition(tool=tool, http=http)
    return Parsed(format="curl", definitions=(definition,), remarks=tuple(command.remarks))


class _Command:
    """The options of one command by meaning."""

    def __init__(self, said: list[str]) -> None:
        self.remarks: list[Remark] = []
        self.in_query = False
        self._head = False
        self._values: list[tuple[str, str]] = []
        self._urls: list[str] = []
        for option, value in options(said):
            if not option and value:
                self._urls.append(value)
            elif value is not None:
                self._values.append((option, value))
            elif takes_value(option):
                raise InvalidRequest(f"the curl option {option} needs a value", path=option)
            elif option in ("-G", "--get"):
                self.in_query = True
            elif option in ("-I", "--head"):
                self._head = True
            else:
                self.remark(option, "option")

    def url(self) -> str:
        """Return the address, without a password."""
        found = [*self._urls, *(v for k, v in self._values if k == "--url")]
        if len(found) != 1:
            raise InvalidRequest(f"a curl command with one address is needed, not {len(found)}")
        url = found[0] if "://" in found[0] else f"http://{found[0]}"
        scheme, _, rest = url.partition("://")
        place, slash, path = rest.partition("/")
        if "@" in place:
            self.remark(f"{scheme}://…@", "credentials")
            place = place.rpartition("@")[2]
        return f"{scheme}://{place}{slash}{path}".partition("#")[0]

    def method(self, *, has_body: bool) -> str:
        """Return the HTTP method, as curl would choose it."""
        named = next((v for k, v in self._values if k in ("-X", "--request")), "")
        return named.upper() or ("HEAD" if self._head else "POST" if has_body else "GET")

    def headers(self) -> dict[str, str]:
        """Return the useful headers, without keys."""
        kept: dict[str, str] = {}
        for option, value in self._values:
            if option in _SECRET:
                self.remark(option, "credentials")
            elif option in ("-H", "--header"):
                name, _, text = value.partition(":")
                if _SECRET_NAME.search(name):
                    self.remark(name, "credentials")
                elif name.strip().lower() not in _PLAIN_HEADERS and text.strip():
                    kept[name.strip()] = _escaped(text.strip())
            elif option in ("-A", "--user-agent", "-e", "--referer", "-o", "--output"):
                self.remark(option, "option")
        return kept

    def body(self) -> tuple[Any, Any]:
        """Return the body as JSON or form fields, and its encoding."""
        if any(option in _FILES for option, _ in self._values):
            raise InvalidRequest("a curl command that uploads files cannot become a tool")
        pieces = [(option, v) for option, v in self._values if option in DATA]
        if not pieces:
            return None, "json"
        if any(v.startswith("@") for option, v in pieces if option != "--data-raw"):
            raise InvalidRequest("the body is in a file (@…); paste it into the command instead")
        encoding = "json"
        try:
            value = decode_json("".join(v for _, v in pieces))
        except DiglotError:
            encoding = "form"
            value = dict(parse_qsl("&".join(v for _, v in pieces), keep_blank_values=True)) or None
        for key in [k for k in value if _SECRET_NAME.search(k)] if isinstance(value, dict) else ():
            del value[key]
            self.remark(key, "credentials")
        return value, encoding

    def remark(self, path: str, key: str) -> None:
        """Note something about a part of the command."""
        self.remarks.append(Remark(path, REMARKS[key]))


def _words(text: str) -> list[str]:
    if len(text) > MAX_COMMAND:
        raise InvalidRequest(f"the curl command is longer than {MAX_COMMAND} characters")
    try:
        found = words(as_unix(text.strip()))
    except ValueError as exc:
        raise InvalidRequest(f"the curl command cannot be read: {exc}") from exc
    if not found or found[0] not in ("curl", "curl.exe"):
        raise InvalidRequest("this does not begin with curl")
    return found[1:]


_PLAIN = {bool: "boolean", int: "integer", float: "number", str: "string"}


def _schema(value: Any) -> dict[str, Any]:
    """Guess a schema from one example."""
    if type(value) in _PLAIN:
        return {"type": _PLAIN[type(value)], "examples": [value]}
    if isinstance(value, list):
        return {"type": "array", "items": _schema(value[0]) if value else {}}
    if isinstance(value, dict):
        inner = {key: _schema(item) for key, item in value.items()}
        return {"type": "object", "properties": inner, "required": list(inner)}
    return {}


def _name(method: str, path: str, host: str) -> str:
    words = [w for w in re.split(r"[^a-zA-Z0-9]+", path) if w and not re.fullmatch(r"v?\d+", w)]
    words = words or host.split(".")[-2:-1] or ["request"]
    return "_".join([method.lower(), *(w.lower() for w in words[-3:])])[:64]


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
