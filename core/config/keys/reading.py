"""From what YAML holds to the Structs of core.config.keys.schema, with a path for each error.

Only keys that act are read. What is wrong with a value is said, the value never: it may be a
secret.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, get_args, get_type_hints

import msgspec

from core.config.keys.reference import SAME, child, has_parts
from core.config.keys.schema import Root
from core.errors import ConfigError

_VARIABLE = "os.environ/"
# A key whose variable is not set is the user's to notice, not a reason to refuse the other models.
_LENIENT = frozenset(
    "api_key api_version organization auth_value authentication_token redis_url redis_host "
    "redis_password".split()
)
_ENDS = re.compile(r" - at `\$(?P<path>.*)`$")
_STEP = re.compile(r"\.(?P<name>[^.\[]+)|\[(?P<index>\d+)\]|(?P<any>\[\.\.\.\])")
_NAMES = {
    "int": "a number", "float": "a number", "bool": "true or false", "str": "text", "null":
    "nothing", "array": "a list", "object": "a mapping", "date": "a date", "datetime": "a date",
}  # fmt: skip
_WANTED = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "str": "text",
    "array": "a list (lines that start with -)",
    "object": "a mapping (key: value)",
    "str | array": "a list of names",
    "bool | str": "true, false or an effort such as low",
}


class Variables:
    """Where ``os.environ/NAME`` is looked up; ``warnings`` names those that are not set."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.warnings: list[str] = []

    def put_in(self, value: Any, path: str) -> Any:
        """Return a value with its variables replaced. Raises ConfigError for one not set."""
        if isinstance(value, list):
            return [self.put_in(item, f"{path}[{at}]") for at, item in enumerate(value)]
        if isinstance(value, dict):
            return {str(name): self.put_in(v, f"{path}.{name}") for name, v in value.items()}
        if not isinstance(value, str) or not value.startswith(_VARIABLE):
            return value
        name = value.removeprefix(_VARIABLE)
        if name in self.environ:
            return self.environ[name]
        problem = f"{path} names the environment variable {name}, which is not set"
        if path.rpartition(".")[2] not in _LENIENT:
            raise ConfigError(problem, path=path)
        self.warnings.append(f"{problem}; it is left empty")
        return None


ADDRESSES = ("api_base", "base_url")


def prepare(value: Any, variables: Variables, *, bare: Collection[str] = ()) -> Any:
    """Return the keys that act, with their variables replaced; null is left out but as address.

    Of the mappings at the paths ``bare`` only what says which model it is stays.
    """
    return _part(value, "", "", variables, bare)


def _part(value: Any, path: str, section: str, variables: Variables, bare: Collection[str]) -> Any:
    if isinstance(value, list):
        return [
            _part(item, f"{path}[{at}]", f"{section}[]", variables, bare)
            for at, item in enumerate(value)
        ]
    if not isinstance(value, dict):
        return variables.put_in(value, path)
    found = {}
    for name, inner in value.items():
        inside = f"{path}.{name}" if path else str(name)
        key = child(section, str(name))
        if inner is None and name in ADDRESSES:
            inner = ""  # an address that was to be filled in
        if key is None or key.does != "acts" or inner is None:
            continue
        if path in bare and name not in ("model", "custom_llm_provider"):
            continue
        own = SAME.get(key.path, key.path)
        if has_parts(own):
            made = _part(inner, inside, own, variables, bare)
        else:
            made = variables.put_in(inner, inside)
        if made is not None:
            found[str(name)] = made
    return found


def read_root(value: Any) -> Root:
    """Return what a prepared config says. Raises ConfigError with the path of a bad value."""
    try:
        return msgspec.convert(value, Root, strict=False)
    except msgspec.ValidationError as exc:
        raise _explained(str(exc), value) from None


def as_texts(values: Mapping[str, Any]) -> dict[str, str]:
    """Return all values as text, the way an environment holds them."""
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in values.items()
        if value is not None
    }


def _explained(text: str, value: Any) -> ConfigError:
    """Return msgspec's error in plain words, with a path in which no name is left out."""
    at = _ENDS.search(text)
    problem = text[: at.start()] if at else text
    path = _path(at["path"], value, text) if at else ""
    missing = re.fullmatch(r"Object missing required field `(\w+)`", problem)
    if missing:
        path = f"{path}.{missing[1]}" if path else missing[1]
        return ConfigError(f"{path} is missing", path=path)
    said = _said(problem)
    if problem.startswith("Invalid enum value") and at:
        said = f"must be one of {', '.join(_words(at['path']))}"
    return ConfigError(f"{path or 'the file'} {said}", path=path or None)


def _said(problem: str) -> str:
    if problem == "Expected `str` of length >= 1":
        return "is missing"
    if match := re.fullmatch(r"Expected `\w+` (>=?|<=) (\S+)", problem):
        if match[1] == "<=":
            return "must be a number that can be counted to"
        zero = match[1] == ">=" and float(match[2]) == 0
        return f"must be {'zero or more' if zero else 'above zero'}"
    if match := re.fullmatch(r"Expected `([^`]+)`, got `(\w+)`", problem):
        kind = match[1].removesuffix(" | null")
        scalar = match[2] not in ("object", "array")
        quotes = "; put it in quotes" if kind == "str" and scalar else ""
        got = _NAMES.get(match[2], match[2])
        return f"must be {_WANTED.get(kind, kind)}, not {got}{quotes}"
    if problem == "Number out of range":
        return "must be a number that can be counted to"
    return "cannot be used"


def _words(steps: str) -> tuple[str, ...]:
    """Return the words that may stand at a path of the schema."""
    kind: Any = Root
    for step in _STEP.finditer(steps):
        kind = get_type_hints(kind)[step["name"]] if step["name"] else get_args(kind)[-1]
    return get_args(kind)


def _path(steps: str, value: Any, text: str) -> str:
    """Return a path as this project writes them. msgspec says ``[...]`` for a name in a mapping:
    the one is found by leaving the others out."""
    path, here = "", value
    for step in _STEP.finditer(steps):
        if step["index"]:
            path, here = f"{path}[{step['index']}]", here[int(step["index"])]
            continue
        name = step["name"] or _blamed(here, value, text)
        path = f"{path}.{name}" if path else name
        here = here.get(name) if isinstance(here, dict) else None
    return path


def _blamed(mapping: dict[str, Any], value: Any, text: str) -> str:
    items = dict(mapping)
    try:
        for name, item in items.items():
            mapping.clear()
            mapping[name] = item
            try:
                msgspec.convert(value, Root, strict=False)
            except msgspec.ValidationError as exc:
                if str(exc) == text:
                    return name
    finally:
        mapping.clear()
        mapping.update(items)
    return next(iter(items))
