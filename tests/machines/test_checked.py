"""What check says of each machine with the facts of probe: nothing wrong, and nothing needlessly unknown."""

from __future__ import annotations

from collections import Counter
from itertools import combinations as pairs_of

import pytest

from extender.core.cluster.known_distances import KINDS, Source
from extender.core.topology.locate import locate_with
from extender.core.topology.locations import Distance, distance
from extender.core.topology.vocabulary import DEFAULT_VOCABULARY
from tests.machines.checked import checked, probed, released
from tests.machines.test_facts import expected
from tests.machines.test_generations import MACHINES


def located(machine, facts):
    """Each device that released drivers publish, with its location."""
    entries = released(machine)
    devices = [(entry.driver, entry.device) for entry in entries]
    return list(zip(entries, locate_with(devices, DEFAULT_VOCABULARY, facts.types).locations, strict=True))


def pairs(machine, facts):
    """The pairs of the kinds that are looked at: their name, documented distance and distance found."""
    for (first, here), (second, there) in pairs_of(located(machine, facts), 2):
        for kinds in KINDS:
            if kinds in ((here.kind, there.kind), (there.kind, here.kind)):
                yield "-".join(kinds), expected(machine, first, second), distance(here, there)


@pytest.mark.parametrize("name", MACHINES)
def test_no_distance_is_wrong(name):
    """With the facts of probe each is the documented one."""
    machine = MACHINES[name]
    for kinds, documented, found in pairs(machine, probed(machine)):
        assert found is documented, kinds


@pytest.mark.parametrize("name", MACHINES)
def test_what_is_unknown_is_not_documented(name):
    """As many pairs of each kind, and check counts them all."""
    machine = MACHINES[name]
    facts = probed(machine)
    unknown, total = Counter[str](), Counter[str]()
    for kinds, documented, _ in pairs(machine, facts):
        total[kinds] += 1
        unknown[kinds] += documented is Distance.UNKNOWN
    found = checked(machine, released(machine), facts)
    assert {kinds: each.unknown for kinds, each in found.items()} == dict(unknown)
    assert {kinds: each.unknown + sum(each.known.values()) for kinds, each in found.items()} == dict(total)


def test_facts_are_named_where_nothing_else_tells():
    """Without them nothing is; with them what is published stays published."""
    for machine in MACHINES.values():
        bare, told = checked(machine, released(machine)), checked(machine, released(machine), probed(machine))
        for kinds, before in bare.items():
            after = told[kinds]
            assert Source.FACTS not in before.known
            assert before.unknown == after.known.get(Source.FACTS, 0) + after.unknown
            for source in (Source.PUBLISHED, Source.INFERRED):
                assert before.known.get(source) == after.known.get(source)


def test_the_machines_where_facts_help():
    """Those of which released drivers leave something unknown that probe knows."""
    helped = {
        machine.name
        for machine in MACHINES.values()
        if any(
            Source.FACTS in each.known
            for each in checked(machine, released(machine), probed(machine)).values()
        )
    }
    assert helped == {
        "azure-nd-gb300-v6",
        "azure-nd-h100-v5",
        "azure-nd-a100-v4",
        "azure-nc-a100-v4",
        "oci-bm.gpu.gb200-v3.4",
        "dell-xe9680-mi300x-snc-off",
        "dell-xe9680-mi300x-snc-on",
        "dell-xe8640-h100",
        "dell-r760xa-a40",
        "dell-r7725-nps4",
        "aws-g5.48xlarge",
    }
