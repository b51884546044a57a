"""The simulation on a small fleet: what it claims holds, and the tie-break is worth having."""

from __future__ import annotations

from collections import Counter

import pytest

from extender.core.topology.locations import Distance, distance
from tests.waves.bound import most_aligned
from tests.waves.fleets import few_types, generated, loaded
from tests.waves.gangs import GPU, PAIR, fill, most_whole
from tests.waves.judgement import Documents, built_in_facts, told
from tests.waves.machines import Machine, machine_of
from tests.waves.schedule import Chooser, Reached, schedule
from tests.waves.workload import MIXED, PAIRS, Ask, draw

PODS = 48
BARE = generated(20)
DOCUMENTS = Documents(BARE)
FLEET = DOCUMENTS.fleet
"""With facts of all its machines, so that what is near is known."""


def reached(chooser: Chooser, asks: list[Ask]) -> list[Reached]:
    return schedule(FLEET, asks, chooser, seed=1, wave=PODS // 4, documents=DOCUMENTS)


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
        assert stock <= plain <= decisive
    assert aligned[Chooser.STOCK][-1] < aligned[Chooser.PLAIN][-1]
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
    asks = draw(PAIRS, 96, seed=1)
    limit = bound(asks)
    assert 0 < limit < 96
    for chooser in (Chooser.PLAIN, Chooser.DECISIVE):
        end = reached(chooser, asks)[-1]
        assert (end.placed, end.aligned) == (96, limit)


def test_both_judges_see_the_same_pairs():
    """What is published says less of them; whom it says to share a root does by the documents."""
    asks = draw(PAIRS, 36, seed=1)
    bare = schedule(BARE, asks, Chooser.DECISIVE, seed=1, wave=36, documents=DOCUMENTS)[-1]
    known = schedule(FLEET, asks, Chooser.DECISIVE, seed=1, wave=36, documents=DOCUMENTS)[-1]
    for end in (bare, known):
        assert sum(end.documented) == sum(end.published) == 36
        assert end.published.root <= end.documented.root
        assert end.published.unknown >= end.documented.unknown
    assert known.documented.root >= bare.documented.root
    assert known.documented.farther == 0


def test_built_in_facts_are_for_the_names_of_the_fleet():
    """The fleet labels nodes with names of machines, and not with instance types."""
    told_fleet = told(BARE, built_in_facts())
    used = {name for name, state in told_fleet.nodes.items() if state.inventory.facts is not None}
    assert len(used) == 7


def test_the_second_fleet_has_other_proportions():
    """What is said of it, on twenty nodes."""
    bare = loaded(few_types(20))
    machines = [machine_of(state) for state in bare.nodes.values()]
    silent = [
        machine
        for machine in machines
        if all(distance(gpu, nic) is Distance.UNKNOWN for gpu in machine.gpus for nic in machine.nics)
    ]
    assert len(silent) == 15
    assert sum(len(machine.gpus) <= 2 for machine in machines) == 5
    documented = [machine_of(state) for state in Documents(bare).fleet.nodes.values()]
    pairs = sum(min(len(machine.gpus), len(machine.nics)) for machine in documented)
    on_root = most_aligned(
        [machine._replace(by_root=True) for machine in documented], Counter({(1, 1): pairs})
    )
    assert (pairs, on_root) == (100, 26)


def test_the_bound_knows_what_one_node_can_give():
    """On a machine of two GPUs per NIC, a pod that asks for a GPU alone lets the next pair be near."""
    machine = next(found for state in FLEET.nodes.values() if _is_p4d(found := machine_of(state)))
    assert most_aligned([machine], Counter({(1, 1): 4})) == 1
    assert most_aligned([machine], Counter({(1, 1): 4, (1, 0): 1})) == 2
    assert most_aligned([machine], Counter({(1, 1): 4, (1, 0): 4})) == 4


def _is_p4d(machine: Machine) -> bool:
    return (len(machine.gpus), len(machine.nics), machine.by_root) == (8, 4, True)


def test_a_gang_that_does_not_fit_takes_nothing():
    """The next one finds all near pairs."""
    gangs = [(PAIR,) * 500, (PAIR,) * 4]
    assert fill(FLEET, gangs, Chooser.DECISIVE, 1, DOCUMENTS) == [(0, 0), (1, 1)]


def test_no_choice_makes_more_whole_jobs_than_the_bound():
    """Whoever chooses; ours make more of them than stock."""
    gangs = [(PAIR,) * 4, (GPU,) * 16, (PAIR,) * 16, (PAIR, GPU) * 8, (PAIR,) * 32]
    limit = most_whole(FLEET, gangs)
    whole = {
        chooser: fill(FLEET, gangs, chooser, 1, DOCUMENTS)[-1][1]
        for chooser in (Chooser.STOCK, Chooser.DECISIVE, Chooser.GROUP)
    }
    assert max(whole.values()) <= limit
    assert whole[Chooser.STOCK] < whole[Chooser.DECISIVE]
