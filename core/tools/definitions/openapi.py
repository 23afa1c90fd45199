"""Tools from an OpenAPI 3 document: one for each operation, with the request that it makes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from core.errors import InvalidRequest
from core.tools.definitions.remarks import REMARKS
from core.tools.definitions.values import Definition, Parsed, Remark
from core.tools.http_template import METHODS, HttpTemplate
from core.tools.json_schema import pointed
from core.translation.codec.json import read_object
from core.translation.messages import Tool

_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_-]+")
# The specification says that these are never parameters.
_IGNORED_HEADERS = frozenset({"accept", "content-type", "authorization"})
_FORM = "application/x-www-form-urlencoded"


def parse_openapi(document: Mapping[str, Any]) -> Parsed:
    """Return a tool for each operation. Raises InvalidRequest for older versions."""
    version = str(document.get("openapi") or document.get("swagger") or "")
    if not version.startswith("3."):
        raise InvalidRequest(
            f"this is version {version} of OpenAPI; convert it to 3.0 or 3.1 first "
            "(converter.swagger.io does), then paste it again",
            path="openapi",
        )
    try:
        reader = _Reader(document)
        found = list(reader.operations())
    # A malformed document: a value has another type than the specification says.
    except (AttributeError, TypeError) as exc:
        raise InvalidRequest(
            f"this OpenAPI document is not formed as it must be: {exc}; check it with an editor "
            "for OpenAPI",
            path="paths",
        ) from exc
    if not found:
        raise InvalidRequest("this OpenAPI document has no operation under paths", path="paths")
    return Parsed(format="openapi", definitions=tuple(found), remarks=tuple(reader.remarks))


class _Reader:
    """Reads one document, resolves its references and collects remarks."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.remarks: list[Remark] = []
        self._document = document
        # 3.0 has its own keyword for null; in 3.1 schemas are plain JSON Schema.
        self._old = str(document.get("openapi")).startswith("3.0")
        self._server = _server(document)
        self._names: set[str] = set()

    def operations(self) -> Iterable[Definition]:
        """Yield the tool of each operation."""
        for path, item in read_object(self._document.get("paths") or {}, "paths").items():
            for method, operation in self.resolved(item).items():
                if method.upper() in METHODS and isinstance(operation, dict):
                    yield self.operation(path, method, item, operation)

    def operation(
        self, path: str, method: str, item: Any, operation: Mapping[str, Any]
    ) -> Definition:
        """Return the tool of one operation."""
        where = f"paths.{path}.{method}"
        name = self._name(operation.get("operationId"), method, path, where)
        parameters = [
            self.resolved(p)
            for p in (*(self.resolved(item).get("parameters") or ()),
                      *(operation.get("parameters") or ()))
        ]  # fmt: skip
        # Parameters of the operation come last and override the others.
        own = {(p.get("in"), p.get("name")): p for p in parameters if isinstance(p, dict)}
        properties: dict[str, Any] = {}
        required: list[str] = []
        places: dict[str, dict[str, str]] = {"query": {}, "header": {}}
        for (place, raw), parameter in own.items():
            key = str(raw)
            if place == "cookie":
                self._remark(f"{where}.parameters.{key}", "cookie")
                continue
            if place == "header" and key.lower() in _IGNORED_HEADERS:
                continue
            properties[key] = self._described(parameter)
            if parameter.get("required") or place == "path":
                required.append(key)
            if place in places:
                places[str(place)][key] = f"{{{key}}}"
        body, encoding = self._body(operation.get("requestBody"), properties, required, where)
        schema: dict[str, Any] = {"type": "object", "properties": properties}
        if required:
            schema["required"] = required
        self._add_definitions(schema)
        server = _server(operation) or _server(self.resolved(item)) or self._server
        if not server:
            self._remark(where, "no_server")
        http = HttpTemplate(
            url=server.rstrip("/") + path, method=method.upper(), query=places["query"],
            headers=places["header"], body=body, encoding=encoding,
        ) if server else None  # fmt: skip
        words = [operation.get("summary"), operation.get("description")]
        description = "\n\n".join(dict.fromkeys(str(w).strip() for w in words if w))
        tool = Tool(name=name, description=description, parameters=schema)
        return Definition(tool=tool, http=http)

    def resolved(self, value: Any) -> Any:
        """Resolve a reference within the document."""
        for _ in range(20):
            if not isinstance(value, dict) or not isinstance(value.get("$ref"), str):
                return value if isinstance(value, dict) else {}
            value = self._at(value["$ref"])
        raise InvalidRequest("a $ref leads round in a circle", path="$ref")

    def _body(
        self, value: Any, properties: dict[str, Any], required: list[str], where: str
    ) -> tuple[Any, Any]:
        body = self.resolved(value)
        content: dict[str, Any] = body.get("content") or {}
        kind = next((k for k in content if "json" in k), _FORM if _FORM in content else "")
        if not kind:
            if content:
                self._remark(f"{where}.requestBody", "body_type")
            return None, "json"
        schema = self._schema(content[kind].get("schema") or {})
        inner = self._schema(self.resolved(schema)) if "$ref" in schema else schema
        named: Any = inner.get("properties")
        encoding = "form" if kind == _FORM else "json"
        plain = isinstance(named, dict) and named and not any(
            key in inner for key in ("allOf", "anyOf", "oneOf", "additionalProperties")
        )  # fmt: skip
        if not plain or set(named) & set(properties):
            key = "body" if "body" not in properties else "request_body"
            properties[key] = schema
            if body.get("required"):
                required.append(key)
            return f"{{{key}}}", encoding
        properties.update(named)
        if body.get("required", False):
            required += [key for key in inner.get("required") or () if key not in required]
        return {key: f"{{{key}}}" for key in named}, encoding

    def _described(self, parameter: Mapping[str, Any]) -> dict[str, Any]:
        content: Any = next(iter((parameter.get("content") or {}).values()), {})
        schema = self._schema(parameter.get("schema") or content.get("schema") or {})
        if parameter.get("description"):
            schema = {**schema, "description": parameter["description"]}
        if "example" in parameter and "examples" not in schema:
            schema = {**schema, "examples": [parameter["example"]]}
        return schema

    def _schema(self, value: Any) -> dict[str, Any]:
        """Return a schema as JSON Schema, with references to ``$defs``."""
        schema = _json_schema(value, old=self._old)
        return schema if isinstance(schema, dict) else {}

    def _add_definitions(self, schema: dict[str, Any]) -> None:
        wanted = list(_references(schema))
        kept: dict[str, Any] = {}
        while wanted:
            name = wanted.pop()
            if name in kept:
                continue
            pointer = f"#/components/schemas/{name}"
            kept[name] = self._schema(self._at(pointer))
            wanted += _references(kept[name])
        if kept:
            schema["$defs"] = dict(sorted(kept.items()))

    def _at(self, pointer: str) -> Any:
        if pointer.startswith("#/$defs/"):
            pointer = f"#/components/schemas/{pointer.removeprefix('#/$defs/')}"
        if not pointer.startswith("#/"):
            self._remark(pointer, "outside_ref")
            return {}
        value = pointed(self._document, pointer)
        if value is None:
            raise InvalidRequest(f"{pointer} is not in this document", path=pointer)
        return value

    def _name(self, given: Any, method: str, path: str, where: str) -> str:
        wanted = str(given or f"{method}_{path.strip('/')}")
        name = _NOT_IN_NAMES.sub("_", wanted).strip("_")[:64] or method
        if not given:
            self._remark(where, "made_up_name")
        elif name != wanted:
            self._remark(where, "renamed")
        free, number = name, 2
        while free in self._names:
            free, number = f"{name[:60]}_{number}", number + 1
        self._names.add(free)
        return free

    def _remark(self, path: str, key: str) -> None:
        remark = Remark(path, REMARKS[key])
        if remark not in self.remarks:
            self.remarks.append(remark)


def _server(place: Any) -> str:
    """Return the absolute URL of the first server with default variables, or an empty text."""
    servers = place.get("servers") if isinstance(place, Mapping) else None
    server = servers[0] if isinstance(servers, list) and servers else None
    if not isinstance(server, dict):
        return ""
    url = str(server.get("url") or "")
    for name, variable in (server.get("variables") or {}).items():
        url = url.replace(f"{{{name}}}", str((variable or {}).get("default", "")))
    return url if url.startswith(("http://", "https://")) and "{" not in url else ""


# Keywords whose values are data, not schemas.
_OPAQUE = frozenset({"default", "enum", "example", "examples", "const", "required"})
_NAMED = frozenset({"properties", "patternProperties", "dependentSchemas"})


def _json_schema(value: Any, *, old: bool, names: bool = False) -> Any:
    """Return a schema as JSON Schema; with ``names`` its keys are property names, not keywords."""
    if isinstance(value, list):
        return [_json_schema(item, old=old) for item in value]
    if not isinstance(value, dict):
        return value
    new = {
        key: item
        if not names and key in _OPAQUE
        else _json_schema(item, old=old, names=not names and key in _NAMED)
        for key, item in value.items()
    }
    if names:
        return new
    reference = new.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/components/schemas/"):
        new["$ref"] = reference.replace("#/components/schemas/", "#/$defs/")
    elif isinstance(reference, str) and not reference.startswith("#/"):
        del new["$ref"]
    return _without_old_words(new) if old else new


def _without_old_words(schema: dict[str, Any]) -> dict[str, Any]:
    """Replace the keywords of version 3.0 by those of JSON Schema."""
    new = dict(schema)
    for limit in ("Minimum", "Maximum"):
        if new.get(f"exclusive{limit}") is True and limit.lower() in new:
            new[f"exclusive{limit}"] = new.pop(limit.lower())
        elif isinstance(new.get(f"exclusive{limit}"), bool):
            del new[f"exclusive{limit}"]
    if "example" in new and "examples" not in new:
        new["examples"] = [new.pop("example")]
    if new.pop("nullable", None) is not True or not new:
        return new
    if not isinstance(new.get("type"), str):
        return {"anyOf": [new, {"type": "null"}]}
    new["type"] = [new["type"], "null"]
    if isinstance(new.get("enum"), list) and None not in new["enum"]:
        new["enum"] = [*new["enum"], None]
    return new


def _references(value: Any) -> Iterable[str]:
    if isinstance(value, dict):
        reference = value.get("$ref")
        if isinstance(reference, str) and reference.startswith("#/$defs/"):
            yield reference.removeprefix("#/$defs/").split("/")[0]
        for item in value.values():
            yield from _references(item)
    for item in value if isinstance(value, list) else ():
        yield from _references(item)
