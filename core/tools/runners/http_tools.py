"""Runs HTTP tools: fills in a template and sends it, to addresses that are allowed.

The same rules as for images (``core.http.address_policy``): public addresses, and those that the
config allows; every address is checked at the socket; redirects are followed one by one and checked
too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from core.config.tools import HttpLimits
from core.errors import InvalidRequest
from core.http.guarded_connector import Astray, Refused, follow, guarded_session, read_at_most
from core.tools.arguments import ToolArgumentError, validate_arguments
from core.tools.definitions.values import Definition
from core.tools.http_template import HttpTemplate, fill
from core.tools.toolbox import MAX_OUTPUT, Runner
from core.translation.messages import ToolCall

_VARIABLE = "os.environ/"
_TEXTUAL = ("json", "text", "xml", "javascript", "yaml", "csv", "html", "urlencoded")


class HttpToolError(Exception):
    """The request could not be made, or was answered with an error; the text is for the model."""


class HttpTools:
    """Runs HTTP tools. ``resolver`` resolves host names, by default that of the system."""

    def __init__(
        self, policy: HttpLimits | None = None, *, resolver: AbstractResolver | None = None
    ) -> None:
        self._policy = policy or HttpLimits()
        self._resolver = resolver

    def runner(self, definition: Definition, *, environ: Mapping[str, str] | None = None) -> Runner:
        """Return a runner for a definition with a template.

        ``environ`` is only for tools of the operator: there, a header ``os.environ/NAME`` is
        replaced by the variable. Raises InvalidRequest where the definition has no template.
        """
        template = definition.http
        if template is None:
            raise InvalidRequest(f"{definition.tool.name} has no request to make", path="http")

        async def run(call: ToolCall) -> str:
            arguments = validate_arguments(definition.tool, call.arguments)
            return await self.call(template, arguments, environ=environ)

        return run

    async def call(
        self,
        template: HttpTemplate,
        arguments: Mapping[str, Any],
        *,
        environ: Mapping[str, str] | None = None,
    ) -> str:
        """Make the request and return the answer's text. Raises HttpToolError, and
        ToolArgumentError for arguments that the template cannot take."""
        call = fill(template, arguments)
        # Only names in the template are looked up, never names in an argument.
        headers = dict(call.headers)
        for name, value in template.headers.items():
            if environ is not None and _VARIABLE in value:
                headers[name] = _with_variable(value, environ)
        try:
            async with (
                guarded_session(self._policy, self._resolver) as session,
                follow(
                    session,
                    call.method,
                    URL(call.url, encoded=True),
                    headers=headers,
                    data=call.content,
                ) as reply,
            ):
                return await self._read(reply)
        except Refused as exc:
            advice = "the operator can allow its host in the config under diglot.tools.http.allow"
            raise HttpToolError(f"{exc}; {advice}") from exc
        except Astray as exc:
            raise HttpToolError(str(exc)) from exc
        except TimeoutError as exc:
            raise HttpToolError(f"no answer within {self._policy.timeout:g} s") from exc
        except (aiohttp.ClientError, OSError, ValueError) as exc:
            raise HttpToolError("the server could not be reached") from exc

    async def _read(self, reply: aiohttp.ClientResponse) -> str:
        if reply.headers.get("content-encoding", "identity") != "identity":
            raise HttpToolError("the answer came compressed, which was not asked for")
        data = await read_at_most(reply, self._policy.max_bytes)
        if data is None:
            raise HttpToolError(f"the answer is larger than {self._policy.max_bytes} bytes")
        kind = reply.content_type
        if data and not any(word in kind for word in _TEXTUAL) and b"\0" in data[:1024]:
            raise HttpToolError(f"the answer is no text but {kind}, {len(data)} bytes")
        text = data.decode(_charset(reply), "replace")[: MAX_OUTPUT + 1]
        if reply.status >= 400:
            raise HttpToolError(f"the server said {reply.status}: {text[:2000]}")
        return text or f"done ({reply.status}, no content)"


def _charset(reply: aiohttp.ClientResponse) -> str:
    named = reply.charset or "utf-8"
    try:
        "".encode(named)
    except LookupError:
        return "utf-8"
    return named


def _with_variable(value: str, environ: Mapping[str, str]) -> str:
    before, _, name = value.partition(_VARIABLE)
    if name not in environ:
        raise ToolArgumentError(f"the environment variable {name} of this tool is not set")
    return before + environ[name]
