"""The child process of the embedded model, which only runs llama.cpp's server.

Run as a script by ``core.backends.embedded.process`` and never imported, so it uses only the
standard library and xllamacpp. It reads one JSON line from stdin (its orders), writes one to stdout
(``{"url": ...}`` or ``{"error": ...}``), and ends when stdin is closed: by the app, or because the
app has ended in any way.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from contextlib import suppress
from typing import Any

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_WARNINGS = 2  # llama.cpp's levels: 1 errors, 2 warnings, 3 a few lines for each request


def main() -> None:
    """Serve until stdin ends."""
    # Ctrl-C reaches every process of the terminal; the app decides when its model stops.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _end_with_parent()
    orders = json.loads(sys.stdin.buffer.readline())
    # The output of the library goes to stderr, so that stdout has only our JSON.
    report = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    try:
        server = _serve(orders)
        said = {"url": server.listening_address}
    except (ImportError, RuntimeError) as exc:
        said = {"error": str(exc)}
        _finish_log()
    try:
        report.write(json.dumps(said) + "\n")
        report.flush()
    except BrokenPipeError:  # nobody is there to hear it
        os._exit(1)
    if "url" in said:
        sys.stdin.buffer.read()
    # Exit at once: a clean exit would wait for running answers.
    sys.stderr.flush()
    os._exit(0 if "url" in said else 1)


def _end_with_parent() -> None:
    """Have Linux kill this process with its parent, even while a model loads.

    Reading stdin alone would notice only afterwards: the library keeps Python's lock while
    it loads.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        # Gone already, before Linux was told: then nobody will be killed for it any more.
        if os.getppid() != int(sys.argv[1]):
            os._exit(1)


def _serve(orders: dict[str, Any]) -> Any:
    # Imported here, so that a failing import is reported too.
    import xllamacpp

    try:
        return xllamacpp.Server(_order(xllamacpp.CommonParams(), orders))
    except RuntimeError:
        if not orders["port"]:
            raise
        # The port of the last run may be in use by now.
        return xllamacpp.Server(_order(xllamacpp.CommonParams(), {**orders, "port": 0}))


def _finish_log() -> None:
    """Have llama.cpp write what it still has to log: it says why a model cannot be used.

    It logs in a thread of its own (``common/log.cpp``), which ends with this process.
    """
    with suppress(ImportError, AttributeError, OSError):  # a build without these names
        from xllamacpp import xllamacpp

        library = ctypes.CDLL(xllamacpp.__file__)
        log, pause = library["_Z15common_log_mainv"], library["_Z16common_log_pauseP10common_log"]
        log.restype, pause.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
        pause(log())


def _order(params: Any, orders: dict[str, Any]) -> Any:
    params.model.path = orders["model"]
    params.mmproj.path = orders["mmproj"]
    params.chat_template = orders["chat_template"]
    params.model_alias = {orders["name"]}
    params.hostnames = ["127.0.0.1"]
    params.port = orders["port"]  # 0: the system chooses one, and holds it
    # Each slot gets its share of the context. A context shared by all would save memory,
    # but two long answers at a time would then both fail with "context size exceeded".
    params.n_parallel = orders["slots"]
    params.n_ctx = orders["ctx"] * orders["slots"]
    params.n_predict = orders["max_tokens"]
    params.cpuparams.n_threads = orders["threads"]
    params.cpuparams_batch.n_threads = orders["threads"]
    for name, value in orders["sampling"].items():
        setattr(params.sampling, name, value)
    # The default would let saved prompts grow to 8 GB.
    params.cache_ram_mib = 128
    params.use_jinja = True
    params.ui = False
    params.endpoint_slots = False  # it shows what others ask
    params.cors_origins = "http://127.0.0.1"  # the default lets any web page call
    params.cors_credentials = False
    params.verbosity = _WARNINGS
    return params


if __name__ == "__main__":
    main()
