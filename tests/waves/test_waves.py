"""The simulation on a small fleet: what it claims holds, and the tie-break is worth having."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.waves.bound import most_aligned
from tests.waves.fleets import generated
from tests.waves.machines import Machine, machine_of
from tests.waves.schedule import Chooser, Reached, schedule
from tests.waves.workload import MIXED, PAIRS, Ask, draw

PODS = 48
FLEET = generated(20)


def reached(chooser: Chooser, asks: list[Ask]) -> list[Reached]:
    return schedule(FLEET, asks, chooser, seed=1, wave=PODS // 4)


@pytest.fixture(scope="module")
def aligned():
    """Aligned pods after each of four waves."""
    asks = draw(MIXED, PODS, seed=1)
    return {chooser: [each.aligned for each in reached(chooser, asks)] for chooser in Chooser}


def bound(asks: list[Ask]) -> int:
    machines = [machine_of(state) for state in FLEET.nodes.values()]
    return most_aligned(machines, Counter((ask.gpus, ask.nics) for ask in asks), steps=20)


def test_the_tie_break_is_never_behind_and_wins(aligned):
    """Against the same choice by alignment alone, which is far better than stock."""
    waves = zip(aligned[Chooser.STOCK], aligned[Chooser.PLAIN], aligned[Chooser.DECISIVE], strict=True)
    for stock, plain, decisive in waves:
        assert stock < plain <= decisive
    assert aligned[Chooser.DECISIVE][-1] > aligned[Chooser.PLAIN][-1]
    assert aligned[Chooser.SCORES][-1] > aligned[Chooser.PLAIN][-1]


def test_nobody_is_above_the_bound(aligned):
    """Halfway and at the end."""
    asks = draw(MIXED, PODS, seed=1)
    half, end = bound(asks[: PODS // 2]), bound(asks)
    assert half <= end
    for counts in aligned.values():
        assert counts[1] <= half
        assert counts[3] <= end


def test_pairs_alone_reach_the_bound():
    """Each node hands out its pairs in one order; taking the next near one cannot be beaten."""
    asks = draw(PAIRS, 36, seed=1)
    limit = bound(asks)
    assert 0 < limit < 36
    for chooser in (Chooser.PLAIN, Chooser.DECISIVE):
        assert reached(chooser, asks)[-1] == Reached(36, limit)


def test_the_bound_knows_what_one_node_can_give():
    """On a machine of two GPUs per NIC, a pod that asks for a GPU alone lets the next pair be near."""
    machine = next(found for state in FLEET.nodes.values() if _is_p4d(found := machine_of(state)))
    assert most_aligned([machine], Counter({(1, 1): 4})) == 1
    assert most_aligned([machine], Counter({(1, 1): 4, (1, 0): 1})) == 2
    assert most_aligned([machine], Counter({(1, 1): 4, (1, 0): 4})) == 4


def _is_p4d(machine: Machine) -> bool:
    return (len(machine.gpus), len(machine.nics), machine.by_root) == (8, 4, True)
