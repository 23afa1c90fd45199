"""A process's memory: what is loaded for good is not looked through, what is free is given back."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import time
from collections.abc import Callable

_IDLE = 0.05
"""Share of a core under which the process has nothing to do."""


def freeze_heap() -> None:
    """Let the garbage collector pass over all that exists now, and look less often.

    What is free by then is given back to the system: 4 MB after the patterns are compiled.

    A look through the modules of a gateway stopped every stream for 60 ms now and then. Streamlit
    has one made after each run of a page (``runner.postScriptGC``): 130 ms of 170,000 objects.
    Looks at what is new found nothing, either: requests make no circles. But of 1,024 that are
    answered at once some 90 objects each are there, and a look through 50,000 took 20 ms, in which
    512 streams waited. So each object is looked at once, soon, among a thousand that are as new,
    and then not again before a million more have come, or a load is over (``return_memory``).
    """
    gc.collect()
    if (trim := _trim()) is not None:
        trim(0)
    gc.freeze()
    gc.set_threshold(1_000, 1_000, 20)


async def return_memory(*, every: float = 1.0, after: float = 1.0) -> None:
    """Give memory that is free back to the system when a load is over.

    glibc itself gives back only what is free above all that is in use: nearly nothing after a load
    whose last exchanges are kept, where 75 MB are free between them. To give these back stops
    everything for 10 ms. So it is done at a look, one ``every`` so many seconds, that finds nothing
    done since the one before, and ``after`` seconds of CPU since the last time. So are circles, of
    which few come (see ``freeze_heap``).
    """
    trim = _trim()
    last = used = time.process_time()
    while True:
        await asyncio.sleep(every)
        before, used = used, time.process_time()
        if used - before < every * _IDLE and used - last > after:
            gc.collect()
            if trim is not None:
                trim(0)
            last = used = time.process_time()


def _trim() -> Callable[[int], object] | None:
    """Return glibc's function that gives free memory back; None where the system has none."""
    try:
        found: Callable[[int], object] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return None  # musl and macOS have no such function, Windows has no such library
    return found
