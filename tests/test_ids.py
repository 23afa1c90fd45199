"""Ids that nobody guesses and that are given out once."""

from __future__ import annotations

import multiprocessing
import os
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.ids import new_id

MANY = 5000


def many(count: int) -> list[str]:
    return [new_id() for _ in range(count)]


def test_each_is_given_out_once_to_all_threads() -> None:
    with ThreadPoolExecutor(8) as pool:
        found = [one for ids in pool.map(many, [MANY] * 8) for one in ids]
    assert len(set(found)) == len(found) == 8 * MANY
    assert all(re.fullmatch("[0-9a-f]{32}", one) for one in found)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_gives_out_others() -> None:
    new_id()  # some are ready
    with multiprocessing.get_context("fork").Pool(2) as pool:
        found = [one for ids in pool.map(many, [300] * 4) for one in ids]
    found += many(300)
    assert len(set(found)) == len(found) == 1500
