"""Diglot in one process and on one port: the pages, ``/v1`` and ``/api``.

    streamlit run app.py

Settings come from the environment: DIGLOT_CONFIG (a config.yaml as LiteLLM reads it; default:
config.yaml in this folder, if there is one), DIGLOT_DATABASE (an SQLAlchemy URL; default: a
SQLite file in the user's data folder), OLLAMA_HOST.
"""

from __future__ import annotations

import asyncio
import math
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import streamlit as st
from starlette.middleware import Middleware

ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT))

from core.backends.fleet import Fleet  # noqa: E402
from core.chats import taking_over  # noqa: E402
from core.chats.jobs import lost  # noqa: E402
from core.chats.jobs.journal import Journal, journal_folder  # noqa: E402
from core.chats.jobs.lost import LostAnswers  # noqa: E402
from core.chats.jobs.repeated import repeated  # noqa: E402
from core.chats.jobs.runner import JobRunner  # noqa: E402
from core.chats.service import Service, current_service, install  # noqa: E402
from core.chats.store.place import database_url  # noqa: E402
from core.chats.store.store import Store  # noqa: E402
from core.chats.taking_over import TakingOver  # noqa: E402
from core.config.access import environment_access  # noqa: E402  # found through above
from core.config.config import Config, load_config  # noqa: E402
from core.errors import ConfigError  # noqa: E402
from core.folders import data_folder  # noqa: E402
from core.gateway.app import routes  # noqa: E402
from core.gateway.call import GatewayState, install_gateway  # noqa: E402
from core.gateway.endpoints.mcp import McpEndpoint  # noqa: E402
from core.gateway.heap import return_memory  # noqa: E402
from core.gateway.origins import OriginGuard, refusal  # noqa: E402
from core.gateway.paths import PathForms  # noqa: E402
from core.gateway.protocols.uvicorn_protocol import BoundedServer  # noqa: E402
from core.gateway.telemetry.logs import log_json, mask_logs  # noqa: E402
from core.http.addresses import is_loopback  # noqa: E402
from core.tools.runners.all_tools import open_tool_runtime  # noqa: E402
from core.tools.toolbox import Toolbox  # noqa: E402
from ui.chat.routes import chat_routes, tickets  # noqa: E402
from ui.content_policy import page_policy  # noqa: E402
from ui.early_scripts import EarlyScripts  # noqa: E402
from ui.loading import load_pages  # noqa: E402
from ui.session.identity import IdentityMiddleware  # noqa: E402
from ui.widgets.failure import show_failure  # noqa: E402

_HOUR = 3600.0
_DAY = 24 * _HOUR


def config_path() -> Path | None:
    """Return the config file to use, if there is one."""
    named = os.environ.get("DIGLOT_CONFIG")
    if named:
        return Path(named)
    usual = ROOT / "config.yaml"
    return usual if usual.exists() else None


def forget_old(store: Store) -> None:
    """Delete for good what was put away or was temporary a day ago, and what is older or more than
    the config lets be kept. Raises DiglotError.
    """
    now, history = time.time(), fleet.config.history
    store.forget(idle=_DAY)
    store.entries.forget(int((now - 365 * _DAY) * 1e9))
    if history.days is not None or history.max_bytes is not None:
        before = 0 if history.days is None else int((now - history.days * _DAY) * 1e9)
        store.people.delete_old(before=before, max_bytes=history.max_bytes)


def look_at_config() -> tuple[bool, int]:
    """Return whether other machines can reach this app, and for how many seconds it drains.

    Stop where others must not reach it.
    """
    # No address is every address.
    address = str(st.get_option("server.address") or "")
    try:
        path = config_path()
        config = load_config(path) if path else None
        access = config.access if config else environment_access(os.environ)
        if config and config.json_logs:
            log_json()
        Store(database_url(os.environ)).close()
    except ConfigError as exc:
        refuse(exc.message if exc.path is None else f"{path}: {exc.message}")
    except OSError as exc:
        refuse(
            f"{data_folder()}, where chats are kept, cannot be used: {exc.strerror}. Change its "
            "rights, or name a database elsewhere: DIGLOT_DATABASE=sqlite:////folder/chats.db"
        )
    if problem := refusal(access, host=address):
        refuse(problem.replace("--host", "--server.address"))
    return not is_loopback(address), math.ceil((config or Config()).drain)


def refuse(problem: str) -> NoReturn:
    """End the program with a sentence, where it cannot start."""
    sys.stderr.write(f"{problem}\n")
    sys.exit(2)


exposed, drain = look_at_config()
fleet = Fleet(config_path())
gateway_state = GatewayState(fleet)


@asynccontextmanager
async def shared_tools() -> AsyncIterator[Toolbox]:
    """Offer other programs the tools that the pages have."""
    yield current_service().toolbox


mcp = McpEndpoint(gateway_state, shared_tools)


@asynccontextmanager
async def lifespan(_: Any) -> AsyncIterator[dict[str, Any]]:
    """Open what the pages and the routes share, and close it in the opposite order."""
    # Shorter turns for each thread, so that a busy page does not hold up streams.
    sys.setswitchinterval(0.001)
    mask_logs()
    url = database_url(os.environ)
    store = await asyncio.to_thread(Store, url)
    journal = Journal(journal_folder(data_folder(), url))
    await asyncio.to_thread(journal.write_back, store.growing)
    await asyncio.to_thread(store.matrices.recover)
    tickets.share(await asyncio.to_thread(store.common.secret, "tickets"))
    chores = [
        asyncio.create_task(return_memory()),
        asyncio.create_task(repeated(partial(forget_old, store), every=_HOUR)),
        asyncio.create_task(
            repeated(LostAnswers(store.growing, journal).look, every=lost.LOOK_EVERY)
        ),
    ]
    async with fleet, open_tool_runtime(fleet.config.tools) as tool_runtime:
        jobs = JobRunner(store, asyncio.get_running_loop(), journal=journal)
        service = Service(fleet, store, jobs, tool_runtime.toolbox, tool_runtime)
        install(service)
        install_gateway(gateway_state)
        taking = TakingOver(service, lambda: gateway_state.readiness.stopping)
        chores.append(asyncio.create_task(repeated(taking.look, every=taking_over.LOOK_EVERY)))
        gateway_state.readiness.ping = store.ping
        gateway_state.readiness.say_so_first()
        warm = asyncio.create_task(asyncio.to_thread(load_pages))
        try:
            yield {"service": service}
        finally:
            await gateway_state.settle()
            await jobs.aclose(drain=gateway_state.readiness.drain_left())
            for chore in chores:
                chore.cancel()
            await warm
            await mcp.aclose()
            await service.matrices.aclose()
            store.close()
            await gateway_state.aclose()


app = st.App(
    "ui/main.py",
    lifespan=lifespan,
    routes=[*routes(gateway_state, mcp), *chat_routes()],
    middleware=[
        Middleware(BoundedServer, policy=page_policy(), drain=drain),
        Middleware(PathForms, base=str(st.get_option("server.baseUrlPath") or "")),
        Middleware(OriginGuard, gateway_state=gateway_state, exposed=exposed),
        Middleware(IdentityMiddleware),
        Middleware(EarlyScripts),
    ],
    on_script_error=show_failure,
)
