"""Choice: what models come from, as an operator said it on the first page: a GGUF file or a server.

A choice is the text of a config, so the page can show what is used and how to keep it: it holds
until this process ends. It is used only where the config file names no models itself.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import yaml
from msgspec import Struct
from msgspec.structs import replace

from core.backends.embedded.files import check_model, read_template
from core.config.config import Config, parse_config
from core.errors import (
    BackendError,
    BackendUnavailable,
    ConfigError,
    InvalidRequest,
    InvalidResponse,
)
from core.http.address_policy import may_serve
from core.http.addresses import is_loopback, openai_address, root_address, shown_address
from core.http.client import Client

_PATIENCE = 5.0
"""Seconds for a server to say what it is."""

_NAME = "*"
"""The models of a server have the names that it gives them."""


class Choice(Struct, frozen=True):
    """``text`` is a config, ``config`` what it says."""

    text: str
    config: Config

    def apply(self, config: Config) -> Config:
        """Return ``config`` with the models of this choice, unless it has some of its own."""
        if config.deployments:
            return config
        own = self.config
        embedded = config.embedded
        if own.embedded.model is not None:
            embedded = replace(
                embedded,
                model=own.embedded.model,
                mmproj=own.embedded.mmproj,
                chat_template=own.embedded.chat_template,
            )
        return replace(config, deployments=own.deployments, embedded=embedded)


def choose_file(model: str, *, mmproj: str = "", chat_template: str = "") -> Choice:
    """Return the choice of a GGUF file with, where they are named, its other files.

    All are whole paths, or begin with ``~``. Raises InvalidRequest (``gguf_missing``,
    ``gguf_other``) for files that cannot be used.
    """
    files = {"model": model, "mmproj": mmproj, "chat_template": chat_template}
    paths = {key: Path(name.strip()).expanduser() for key, name in files.items() if name.strip()}
    for key in ("model", *paths):
        path = paths.get(key)
        if path is None or not path.is_absolute():
            raise InvalidRequest(
                f"{files[key].strip() or 'Nothing'} is not the whole path of a file, such as "
                "/models/qwen3-4b.gguf",
                code="gguf_missing",
            )
        _check_file(path, key)
    name = paths["model"].stem
    return _choice(
        {
            "model_list": [{"model_name": name, "litellm_params": {"model": f"embedded/{name}"}}],
            "diglot": {"embedded": {key: str(path) for key, path in paths.items()}},
        },
        code="gguf_other",
    )


def _check_file(path: Path, key: str) -> None:
    try:
        if key == "chat_template":
            read_template(path, key)
        else:
            check_model(path, key)
    except ConfigError as exc:
        readable = path.is_file() and os.access(path, os.R_OK)
        code = "gguf_other" if readable else "gguf_missing"
        raise InvalidRequest(exc.message, code=code) from exc


async def choose_server(address: str, *, own_port: int = 0) -> Choice:
    """Return the choice of the server at an address, asked first which API it has.

    ``own_port`` is where this program listens: it cannot be its own server. Raises InvalidRequest
    (``address_refused``) for what is no address of a server, BackendUnavailable where none
    answers, BackendError where it wants a key, and InvalidResponse (``no_known_api``).
    """
    try:
        root = root_address(address, api=True)
        other, version = openai_address(address)
        parts = urlsplit(root)
        host, port = parts.hostname or "", parts.port
    except ValueError as exc:
        said = f"{shown_address(address.strip())}: {exc}"
        raise InvalidRequest(said, code="address_refused") from exc
    if own_port and port == own_port and is_loopback(host):
        raise InvalidRequest("This is the address of Diglot itself.", code="address_refused")
    try:
        async with asyncio.timeout(3 * _PATIENCE):
            await _check_host(host)
            return await _ask(root, other, version)
    except TimeoutError as exc:
        raise BackendUnavailable(
            f"{host} did not answer in time.", status=504, code="backend_timeout"
        ) from exc


async def _ask(root: str, other: str, version: str) -> Choice:
    """Return the choice of the server whose addresses in two APIs these are."""
    client = Client()
    try:
        if await _says(client, f"{root}/api/version", "version", str):
            return _choice(_entry("ollama_chat/*", root), code="address_refused")
        if await _says(client, f"{other}{version}/models", "data", list):
            return _choice(_entry("openai/*", f"{other}{version}"), code="address_refused")
    finally:
        await client.close()
    raise InvalidResponse(
        f"{shown_address(root)} answers, but neither at /api/version as Ollama does nor at "
        f"{version or ''}/models as servers of OpenAI's API do.",
        code="no_known_api",
    )


async def _check_host(host: str) -> None:
    """Raise InvalidRequest for an address that no server of models has.

    Those of one's own networks are fine, as in a config; link-local ones are where clouds hand out
    the credentials of a machine.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return  # The client says it, in its words.
    for *_, place in found:
        one = ip_address(str(place[0]).partition("%")[0])
        if not may_serve(one):
            raise InvalidRequest(f"{host} is {one}, which is no address of a server of models.",
                                 code="address_refused")  # fmt: skip


async def _says(client: Client, url: str, key: str, kind: type) -> bool:
    """Tell whether a server answers with JSON in which ``key`` has a value of that type.

    Raises DiglotError where no server is there, or where it wants a key.
    """
    reply = await client.send("GET", url, timeout=_PATIENCE, total=_PATIENCE)
    try:
        if reply.status in (401, 403):
            raise BackendError(
                f"{urlsplit(url).netloc.rpartition('@')[2]} wants a key. Name it with its key in "
                "config.yaml: model_list, api_base and api_key.",
                status=reply.status,
            )
        if reply.status != 200:
            return False
        body = msgspec.json.decode(await reply.read())
    except (msgspec.MsgspecError, InvalidResponse):
        return False
    finally:
        reply.close()
    return isinstance(body, Mapping) and isinstance(body.get(key), kind)


def _entry(model: str, address: str) -> dict[str, Any]:
    params = {"model": model, "api_base": address}
    return {"model_list": [{"model_name": _NAME, "litellm_params": params}]}


def _choice(document: Mapping[str, Any], *, code: str) -> Choice:
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    try:
        # Without an environment: what was typed means what it says.
        return Choice(text, parse_config(text, environ={}))
    except ConfigError as exc:
        raise InvalidRequest(exc.message, code=code) from exc
