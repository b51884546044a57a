"""How late the event loop of a server was, from the histogram that it shows."""

from __future__ import annotations

import math
from collections.abc import Mapping

from tests.e2e.extender_server import Extender

Below = Mapping[float, float]
"""How often the loop was at most so many seconds late, by the bounds of the buckets; the last is infinite."""


def lag_of(extender: Extender) -> Below:
    """Since its start."""
    samples = extender.samples("event_loop_lag_seconds_bucket")
    return {float(labels["le"]): value for labels, value in samples}


def lag_between(before: Below, after: Below) -> Below:
    return {bound: count - before.get(bound, 0.0) for bound, count in after.items()}


def percentile(lag: Below, share: float) -> float:
    """The least bound that ``share`` of it is below; no number where nothing was counted."""
    wanted = share * lag.get(math.inf, 0.0)
    return min((bound for bound, count in lag.items() if wanted and count >= wanted), default=math.nan)


def later_than(lag: Below, seconds: float) -> int:
    """How often it was later than a bound."""
    return int(lag[math.inf] - lag[seconds])
