"""Four of the sixteen failures of ``tests.cluster.proof``, in small; ``make soak`` does all of them
with forty answers and a hundred streams. The others' own tests are in the files beside this one.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster.proof import Proof
from tests.cluster.whole_cluster import PartName, Way, whole_cluster

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def proof(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proof]:
    with whole_cluster(tmp_path_factory.mktemp("whole"), pause=0.1) as cluster:
        yield Proof(cluster, answers=6, streams=10)


@pytest.mark.parametrize(
    ("part", "way"),
    [("postgresql", "kill"), ("redis", "hang"), ("gateway", "kill"), ("page", "cut")],
)
def test_nothing_is_lost_unsaid(proof: Proof, part: PartName, way: Way) -> None:
    done = proof.one(part, way)
    assert not done.wrong, str(done)
    assert done.answers == {"complete": 6} and done.lost == 0
    assert done.streams["whole"] + done.streams["broken"] == 11
