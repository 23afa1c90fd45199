"""The gateway's other routes: what each asks, and how many requests a second it answers."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from bench.gateways.load import Figures, Server, load

CHAT = '{"model":"%s","stream":%s,%s"messages":[{"role":"user","content":"hello there"}]}'


class Route(Struct, frozen=True, kw_only=True):
    """One route. ``name`` is shown; ``more`` are fields that its chats have beside the usual."""

    name: str
    path: str
    model: str = "fake"
    more: str = ""
    body: str = CHAT
    streams: bool = True

    def asked(self, *, stream: bool) -> bytes:
        """Return a request's body."""
        if self.body != CHAT:
            return self.body.encode()
        return (CHAT % (self.model, "true" if stream else "false", self.more)).encode()


ROUTES = (
    Route(name="/v1/chat/completions, Ollama", path="/v1/chat/completions"),
    Route(name="/v1/messages, Ollama", path="/v1/messages", more='"max_tokens":64,'),
    Route(name="/api/chat, OpenAI", path="/api/chat", model="compat"),
    Route(name="/v1/messages, OpenAI", path="/v1/messages", model="compat",
          more='"max_tokens":64,'),
    Route(name="/api/chat, Ollama", path="/api/chat"),
    Route(name="/v1/chat/completions, OpenAI", path="/v1/chat/completions", model="compat"),
    Route(name="/v1/embeddings, Ollama", path="/v1/embeddings", streams=False,
          body='{"model":"fake","input":"hello there"}'),
)  # fmt: skip


class RouteFigures(Struct, frozen=True):
    """What was measured of one route; ``stream`` is None where it has none."""

    route: Route
    whole: Figures
    stream: Figures | None


def measure_routes(server: Server, backend: Server, seconds: float) -> list[RouteFigures]:
    """Measure all routes at 16 connections."""
    found = []
    for route in ROUTES:
        there = Server(
            contestant=replace(server.contestant, path=route.path), pid=server.pid, start=0
        )
        kinds = (False, True) if route.streams else (False,)
        figures = [load(there, backend, route.asked(stream=s), 16, seconds) for s in kinds]
        found.append(RouteFigures(route, figures[0], figures[1] if route.streams else None))
    return found


def routes_table(found: list[RouteFigures], whole: Figures, stream: Figures) -> str:
    """Return a table; ``whole`` and ``stream`` are the floor's at 16 connections."""
    lines = [
        "### Routes",
        "",
        "By the client's route and the backend's API, at 16 connections with a short prompt; of "
        "the floor, which serves the same bytes untranslated.",
        "",
        "| route, backend | whole, requests/s | of the floor | streams, requests/s "
        "| of the floor | errors |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for one in found:
        cells = [f"{one.whole.rate:,.0f}", f"{one.whole.rate / whole.rate:.2f}"]
        if one.stream is None:
            cells += ["–", "–"]
        else:
            cells += [f"{one.stream.rate:,.0f}", f"{one.stream.rate / stream.rate:.2f}"]
        errors = one.whole.errors + (one.stream.errors if one.stream else 0)
        lines.append(f"| {one.route.name} | " + " | ".join(cells) + f" | {errors} |")
    return "\n".join(lines)
