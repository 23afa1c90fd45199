"""Asked: one request of a client. UpstreamCall: for one deployment. Sent: as it was sent there."""

from __future__ import annotations

from msgspec import Struct

from core.backends.balancing.load import Route
from core.backends.calls.options import AskOptions
from core.backends.calls.retry import Attempts
from core.backends.upstream import Sending
from core.exchanges.exchange import Exchange
from core.translation.conversions.incoming import Incoming
from core.translation.conversions.table import Conversion
from core.translation.stamp import Stamp


class UpstreamCall(Struct, kw_only=True):
    """One request on its way to one deployment."""

    incoming: Incoming
    route: Route
    stamp: Stamp
    exchange: Exchange
    options: AskOptions

    @property
    def strict(self) -> bool:
        """Whether a lost field is an error."""
        return self.options.strict or bool(self.route.deployment.strict)


class Asked(Struct, kw_only=True):
    """One request of a client, whatever deployment answers it."""

    incoming: Incoming
    stamp: Stamp
    exchange: Exchange
    options: AskOptions
    attempts: Attempts

    def call(self, route: Route) -> UpstreamCall:
        """Return this request on its way to one deployment."""
        return UpstreamCall(
            incoming=self.incoming,
            route=route,
            stamp=self.stamp,
            exchange=self.exchange,
            options=self.options,
        )


class Sent(Struct):
    """A request as it was written for a deployment. ``headers`` tell the client what was lost."""

    conversion: Conversion
    call: UpstreamCall
    sending: Sending
    headers: dict[str, str]
