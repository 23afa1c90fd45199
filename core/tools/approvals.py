"""Calls that wait for a person, who can run, change or refuse them, or give the result.

A queue handles the calls of one run (core.tools.loop.Handle) in the event loop of that run; any
thread may look at the waiting calls and decide. ``how`` of a result says where it comes from:

=============  ==============================================================
(empty)        the tool ran and said it
``refused``    a person refused the call and said why
``given``      a person gave the result in the tool's place
``fault_...``  something went wrong on purpose (core.tools.fault_injection)
=============  ==============================================================
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from core.tools.fault_injection import Fault, troubled
from core.tools.loop import Abandoned
from core.tools.toolbox import Toolbox, ToolResult
from core.translation.codec.json import encode_json
from core.translation.messages import ToolCall

PATIENCE = 1800.0
"""Seconds that a call waits for a decision before its run is ended."""

Mode = Literal["auto", "approve", "answer"]
"""Run calls automatically, ask before each one, or let the person give every result."""

Decided = Literal["run", "give", "refuse", "fault"]


class Decision(Struct, frozen=True, kw_only=True):
    """The decision about a waiting call.

    ``run`` runs it, with ``arguments`` where they are not None; ``refuse`` tells the model ``text``
    as the reason; ``give`` makes ``text`` the result; ``fault`` injects a fault.
    """

    kind: Decided
    arguments: str | None = None
    text: str = ""
    fault: Fault = "error"


class ApprovalQueue:
    """The calls of one run.

    ``asks`` tells of a tool whose calls wait in every mode. ``fault`` is injected into the first
    call, or ``every`` call, that runs without asking. A call that cannot be run here waits,
    too. ``changed`` is called in the loop of the run with whether calls are waiting.
    """

    def __init__(
        self,
        toolbox: Toolbox,
        *,
        mode: Mode = "auto",
        asks: Callable[[str], bool] = lambda name: False,
        patience: float = PATIENCE,
        fault: Fault | None = None,
        every: bool = False,
        changed: Callable[[bool], None] = lambda waiting: None,
    ) -> None:
        self._toolbox = toolbox
        self._mode = mode
        self._asks = asks
        self._patience = patience
        self._fault = fault
        self._every = every
        self._changed = changed
        self._lock = threading.Lock()
        self._waiting: dict[str, tuple[ToolCall, asyncio.Future[Decision]]] = {}

    @property
    def waiting(self) -> tuple[ToolCall, ...]:
        """The waiting calls in order, each with a unique id."""
        with self._lock:
            return tuple(replace(call, id=key) for key, (call, _) in self._waiting.items())

    def runs(self, name: str) -> bool:
        """Tell whether this tool can be run, not only answered by hand."""
        return self._toolbox.runs(name)

    def decide(self, call_id: str, decision: Decision) -> bool:
        """Decide about a call; return whether it was still waiting."""
        with self._lock:
            call, future = self._waiting.pop(call_id, (None, None))
        if call is None or future is None:
            return False
        # In a closed loop nothing waits any more.
        with suppress(RuntimeError):
            future.get_loop().call_soon_threadsafe(_settle, future, decision)
        return True

    async def handle(self, call: ToolCall) -> ToolResult:
        """Handle one call. Raises Abandoned when nobody decides in time."""
        waits = self._mode != "auto" or self._asks(call.name)
        if waits or not self._toolbox.runs(call.name):
            return await self._decided(call, await self._ask(call))
        fault = self._fault
        if fault is not None:
            self._fault = fault if self._every else None
            return troubled(call, fault)
        return await self._toolbox.call(call)

    async def _ask(self, call: ToolCall) -> Decision:
        future = asyncio.get_running_loop().create_future()
        with self._lock:
            key = call.id
            while key in self._waiting:
                # Some servers give all calls of one turn the same id.
                key += "+"
            self._waiting[key] = (call, future)
        self._changed(True)
        try:
            async with asyncio.timeout(self._patience):
                decision: Decision = await future
                return decision
        except TimeoutError as exc:
            raise Abandoned(
                f"nobody decided about {call.name} within {self._patience / 60:g} minutes"
            ) from exc
        finally:
            with self._lock:
                self._waiting.pop(key, None)
                left = bool(self._waiting)
            self._changed(left)

    async def _decided(self, call: ToolCall, decision: Decision) -> ToolResult:
        if decision.arguments is not None:
            call = replace(call, arguments=decision.arguments)
        match decision.kind:
            case "run":
                return await self._toolbox.call(call)
            case "fault":
                return troubled(call, decision.fault)
            case "refuse":
                reason = decision.text.strip() or "no reason was given"
                said = encode_json({"error": f"the call was refused: {reason}"}).decode()
                return ToolResult(call=call, content=said, ok=False, duration=0, how="refused")
            case "give":
                return ToolResult(
                    call=call, content=decision.text, ok=True, duration=0, how="given"
                )


def _settle(future: asyncio.Future[Decision], decision: Decision) -> None:
    if not future.done():
        future.set_result(decision)
