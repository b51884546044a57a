"""A few generated pods of every run; ``python -m tests.differential.scheduling`` compares more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extender.core.scheduling import RULES
from tests.differential import scheduling
from tests.scheduler_oracle.releases import oracle_path

BUILT = [minor for minor in RULES if oracle_path(minor) is not None]

pytestmark = pytest.mark.skipif(not BUILT, reason="no scheduler oracle is built (needs Go)")


@pytest.mark.parametrize("minor", BUILT)
def test_no_difference(minor):
    counts, shown = scheduling.compare(minor, range(1, 101))
    assert shown == []
    assert counts["feasible nodes"] > 50


def test_a_breach_is_noticed(monkeypatch):
    """With the rules of another release there are differences, and they name the plugin."""
    broken = replace(RULES[BUILT[0]], balance_change=not RULES[BUILT[0]].balance_change)
    monkeypatch.setattr(scheduling, "RULES", {BUILT[0]: broken})
    counts, shown = scheduling.compare(BUILT[0], range(1, 51))
    assert counts["pods with a difference"] > 0
    assert "NodeResourcesBalancedAllocation" in shown[0]
