"""Without deciding, predictions hold for pods that come back to back."""

from __future__ import annotations

import pytest

from tests.service.back_to_back import Run, generated, place

NODES, PODS, LAG = 60, 60, 3


@pytest.fixture(scope="module")
def fleet():
    return generated(NODES)


@pytest.mark.parametrize("fills", [False, True], ids=["prefers empty nodes", "prefers full nodes"])
@pytest.mark.parametrize("weight", [2, 20])
def test_predictions_hold_and_alignment_gains(fleet, weight, fills):
    """At least 98 % of them, and more pods get the best alignment there is than without places."""
    run = Run(weight, LAG, fills, cpus=8.0 if fills else 0.0)
    found = place(fleet, run, PODS)
    without = place(fleet, Run(run.weight, run.lag, run.fills, run.cpus, places=False), PODS)
    assert sum(found.results.values()) == sum(without.results.values()) == PODS
    assert found.results["match"] >= 0.98 * PODS > without.results["match"]
    assert found.best > without.best
    assert found.results["wrong"] == without.results["wrong"] == 0
