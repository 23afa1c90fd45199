"""Reading a config file and those it includes: one value, and where in which file each part stands.

``include`` is a list of files, each relative to the file that names it. What they hold joins
the first file as LiteLLM joins it: lists grow, any other value takes the place of an earlier one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from msgspec import Struct

from core.errors import ConfigError

_MAX_PLACES = 20_000
_MAX_DEPTH = 64
_MOST_MERGED = 10_000


class BoundedLoader(yaml.SafeLoader):
    """Reads YAML whose merge keys (``<<``, YAML 1.1) repeat a mapping a bounded number of times.

    Eight lines that each merge the one before ten times would be a hundred million pairs.
    """

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Put merged pairs in their place. Raises ConstructorError for too many."""
        for key, value in node.value:
            if key.tag != "tag:yaml.org,2002:merge":
                continue
            merged = value.value if isinstance(value, yaml.SequenceNode) else [value]
            pairs = 0
            for one in merged:
                if isinstance(one, yaml.MappingNode):
                    self.flatten_mapping(one)
                    pairs += len(one.value)
                if pairs > _MOST_MERGED:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"more than {_MOST_MERGED} keys are merged", key.start_mark
                    )
        super().flatten_mapping(node)


class Place(NamedTuple):
    """A line of a file, counted from 1. ``file`` is empty for the text that was given itself."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}" if self.file else f"line {self.line}"


class Document(Struct, frozen=True):
    """What the files say together. ``places`` tells for each path, such as
    ``model_list[0].model_name``, where it is written; ``twice`` holds the paths of keys that a
    mapping has more than once; ``files`` are those that were included."""

    value: Any
    places: Mapping[str, Place]
    twice: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()


def read_text(path: Path) -> str:
    """Return the text of a file. Raises ConfigError where there is none."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as exc:
        raise ConfigError(f"{path} cannot be read: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{path} is not UTF-8 text: byte {exc.start} does not fit") from exc


def path_in(folder: Path, named: str) -> Path | None:
    """Return the path that a config in ``folder`` names; None where it names none."""
    return folder / Path(named).expanduser() if named else None


def parse_document(text: str, folder: Path) -> Document:
    """Return what the text and the files that it includes say; those are found in ``folder``.

    Raises ConfigError with line and column for what is no YAML, and for an included file that
    is not there or includes itself.
    """
    return _parsed(text, folder, "", ())


def _parsed(text: str, folder: Path, file: str, above: tuple[Path, ...]) -> Document:
    document = _one(text, file)
    if not isinstance(document.value, dict) or document.value.get("include") is None:
        return document
    names = document.value["include"]
    names = [names] if isinstance(names, str) else names
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ConfigError("include must be a list of file names", path="include")
    for name in names:
        path = (folder / name).resolve()
        if path in above:
            raise ConfigError(f"include: {name} includes itself", path="include")
        try:
            inner = _parsed(read_text(path), path.parent, name, (*above, path))
        except ConfigError as exc:
            if exc.path is not None or exc.message.startswith(name):
                raise
            place = document.places.get("include")
            at = f" ({place})" if place is not None else ""
            raise ConfigError(f"include: {exc.message}{at}", path="include") from exc
        document = _joined(document, inner, path)
    return document


def _joined(outer: Document, inner: Document, path: Path) -> Document:
    """Return both as one. Raises ConfigError where the included file is no mapping."""
    if inner.value is None:
        inner = Document({}, {})
    if not isinstance(inner.value, dict):
        raise ConfigError(f"include: {path.name} must be a mapping (key: value)", path="include")
    value, places = dict(outer.value), dict(outer.places)
    for key, item in inner.value.items():
        mine = value.get(key)
        offset = 0
        if key == "include":
            continue
        if isinstance(mine, list) and isinstance(item, list):
            offset = len(mine)
            item = [*mine, *item]
        else:
            places = {p: at for p, at in places.items() if _root(p) != key}
        value[key] = item
        for inside, at in inner.places.items():
            if _root(inside) == key and (not offset or inside != key):
                places[_shifted(inside, str(key), offset)] = at
    files = (*outer.files, path, *inner.files)
    return Document(value, places, (*outer.twice, *inner.twice), files)


def _root(path: str) -> str:
    return path.partition(".")[0].partition("[")[0]


def _shifted(path: str, key: str, offset: int) -> str:
    """Return the path of a list's item once ``offset`` items stand before it."""
    rest = path.removeprefix(key)
    if not offset or not rest.startswith("["):
        return path
    index, _, tail = rest[1:].partition("]")
    return f"{key}[{int(index) + offset}]{tail}"


def _one(text: str, file: str) -> Document:
    where = f"{file}: " if file else ""
    try:
        loader = BoundedLoader(text)
        node = loader.get_single_node()
        if node is None:
            return Document(None, {})
        twice = tuple(_doubled(node, "", set()))
        value = loader.construct_document(node)
        places: dict[str, Place] = {}
        for path, line in _walk(node, "", 0):
            places[path] = Place(file, line)
            if len(places) > _MAX_PLACES:
                break
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "somewhere"
        raise ConfigError(f"{where}not valid YAML at {place}: {exc.problem}") from exc
    except RecursionError as exc:
        raise ConfigError(f"{where}not valid YAML: it is nested too deeply") from exc
    # Characters that YAML forbids, and dates that do not exist, carry no mark.
    except (yaml.YAMLError, ValueError) as exc:
        raise ConfigError(f"{where}not valid YAML: {exc}") from exc
    return Document(value, places, twice)


def _walk(node: yaml.Node, path: str, depth: int) -> Iterator[tuple[str, int]]:
    """Yield the path and the line of every key and item. An anchor may hold itself."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = f"{path}.{key.value}" if path else str(key.value)
            yield inner, key.start_mark.line + 1
            yield from _walk(value, inner, depth + 1)
    elif isinstance(node, yaml.SequenceNode):
        for at, item in enumerate(node.value):
            yield f"{path}[{at}]", item.start_mark.line + 1
            yield from _walk(item, f"{path}[{at}]", depth + 1)


def _doubled(node: yaml.Node, path: str, seen: set[int]) -> Iterator[str]:
    """Yield the keys that a mapping has twice, of which YAML readers keep the last in silence.

    ``seen`` holds the nodes that have been looked at: an anchor is looked at once.
    """
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        names: set[str] = set()
        for key, value in node.value:
            inner = f"{path}.{key.value}" if path else str(key.value)
            # << may join several mappings into one.
            if inner in names and key.value != "<<":
                yield inner
            names.add(inner)
            yield from _doubled(value, inner, seen)
    elif isinstance(node, yaml.SequenceNode):
        for at, item in enumerate(node.value):
            yield from _doubled(item, f"{path}[{at}]", seen)
