"""What has to be equal to reproduce an answer: model, digest, server, version and settings."""

from __future__ import annotations

from typing import Any

from core.backends.fleet import Fleet
from core.errors import DiglotError
from core.exchanges.exchange import Exchange
from core.translation.codec.json import decode_json
from core.translation.dialects.registry import DIALECTS
from core.translation.stamp import rfc3339


async def reproduction(fleet: Fleet, exchange: Exchange) -> dict[str, Any]:
    """Return an exchange's model with its digest, its server with its version, and its settings.

    It contains only explicit settings: without ``seed``, and with a temperature above 0, the next
    answer may differ. The digest is the current one of the model. Raises DiglotError for a request
    that breaks its dialect.
    """
    asked = DIALECTS[exchange.client.dialect].parse_request(decode_json(exchange.client.request))
    entry = next((e for e in await fleet.models() if e.get("name") == exchange.model), {})
    details = entry.get("details") or {}
    card: dict[str, Any] = {
        "model": exchange.model,
        "digest": entry.get("digest"),
        "parameter_size": details.get("parameter_size"),
        "quantization": details.get("quantization_level"),
        "api": exchange.client.path,
        "server": exchange.backend[-1].url if exchange.backend else None,
        "server_version": await server_version(fleet, exchange.model),
        "asked": rfc3339(exchange.started),
        **asked.settings,
        "thinking": asked.thinking,
    }
    return {key: value for key, value in card.items() if value not in (None, "")}


async def server_version(fleet: Fleet, model: str) -> str:
    """Return the version of the Ollama server that has a model, or nothing elsewhere."""
    try:
        if not (await fleet.resolve(model)).deployment.kind.manages_models:
            return ""
        reply = await fleet.manage("GET", "/api/version", model, None)
        return str(decode_json(await reply.read()).get("version", ""))
    except DiglotError:
        return ""
