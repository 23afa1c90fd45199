"""Times are in the buckets that Prometheus expects, however many are sorted at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.exchanges.exchange import Exchange, Trail
from core.exchanges.wire import Wire
from core.gateway.telemetry.metrics import BUCKETS, Histogram, Metrics

NS = 1_000_000_000
TIMES = st.one_of(
    st.integers(0, 400 * NS),
    st.sampled_from(BUCKETS).flatmap(
        lambda bound: st.integers(-1, 1).map(lambda off: int(bound * NS) + off)
    ),
)


@given(st.lists(st.lists(TIMES, max_size=30), max_size=4))
def test_each_time_is_in_its_bucket(batches: list[list[int]]) -> None:
    histogram = Histogram()
    for batch in batches:
        histogram.observe(batch)
    every = [time for batch in batches for time in batch]
    expected = [float(sum(time <= bound * NS for time in every)) for bound in BUCKETS]
    assert [count for _, count in histogram.buckets()] == [*expected, float(len(every))]
    assert abs(histogram.total - sum(every) / NS) < 1e-6 * (1 + sum(every) / NS)


@given(st.integers(1, 1100))
def test_all_are_counted_whenever_somebody_looks(times: int) -> None:
    metrics = Metrics()
    wire = Wire("openai", "/v1/chat/completions", b"{}")
    exchange = Exchange("a", wire, owner="", started=1)
    exchange.trail = Trail("m")
    backend = Wire("ollama", "/api/chat", b"{}")
    backend.streamed, backend.sent = True, 1
    backend.came(b"a", 2)
    exchange.backend.append(backend)
    for _ in range(times):
        metrics.count("/v1/chat/completions", "", 200, 1, exchange)
    (row,) = metrics.counts([]).rows
    assert [sum(counts) for counts, _ in row[-1]] == [times] * 4
