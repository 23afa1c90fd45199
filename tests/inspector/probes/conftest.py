"""A client, and a backend that says what it is told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from core.http.client import Client
from tests.support.scripted_backend import Scripted, running


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    one = Client()
    yield one
    await one.close()


@pytest.fixture
def backend() -> Iterator[Scripted]:
    with running() as scripted:
        yield scripted
