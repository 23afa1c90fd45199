"""What the simulation of hosts says of the balancing code, in simulated time."""

from __future__ import annotations

from bench.simulate import Case, simulate


def test_hosts_that_have_the_model_are_asked_and_nothing_is_lost() -> None:
    looked = simulate(Case(hosts=10))
    blind = simulate(Case(hosts=10, prefer_loaded=False))
    assert looked.lost == blind.lost == 0
    assert len(looked.waits) == len(blind.waits) > 500
    assert sum(looked.waits) * 10 < sum(blind.waits)


def test_a_host_that_dies_loses_no_request_that_another_can_answer() -> None:
    assert simulate(Case(hosts=10, deaths=True)).lost == 0


def test_a_model_stays_where_it_is_while_its_host_is_full_for_a_moment() -> None:
    """Each load pushes out a model that somebody else waits for, who then loads it again."""
    crowded = simulate(Case(hosts=10, load=0.3))
    assert crowded.lost == 0 and crowded.loads() < 10
    assert max(crowded.waits) < 30, "nobody starves, also with a model that is seldom asked for"
