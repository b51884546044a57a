"""Every machine with its own record as facts: all that is documented is known, whatever drivers publish."""

from __future__ import annotations

from itertools import combinations as pairs_of

import pytest

from extender.cli.bench.documents import documented_facts
from extender.core.topology.known_machines import BUILT_IN_FACTS
from extender.core.topology.locate import locate_with
from extender.core.topology.locations import Distance, distance, told_by_facts
from extender.core.topology.vocabulary import DEFAULT_VOCABULARY, DeviceKind
from extender.kube.files.machines_file import read_machines
from tests.machines.facts import DRIVERS, facts_file, facts_of
from tests.machines.generations import Entry
from tests.machines.record import Machine, documented, machines
from tests.machines.test_generations import MACHINES, combinations

NAMELESS = ("dell-r7725-nps4", "SR-IOV")
"""A machine without addresses, and a driver whose devices then have nothing to be known by."""


def expected(machine: Machine, a: Entry, b: Entry) -> Distance:
    """What the record says; of CPUs, which are on no bus, what their NUMA node and socket say."""
    if a.part is not None and b.part is not None:
        return documented(machine, a.part, b.part)
    nodes = [entry.numa if entry.part is None else entry.part.numa for entry in (a, b)]
    if min(nodes) >= 0 and nodes[0] == nodes[1]:
        return Distance.NUMA
    sockets = [
        entry.socket if entry.part is None and entry.numa < 0 else machine.sockets.get(node, -1)
        for entry, node in zip((a, b), nodes, strict=True)
    ]
    if min(sockets) < 0:
        return Distance.UNKNOWN
    return Distance.SOCKET if sockets[0] == sockets[1] else Distance.REMOTE


@pytest.mark.parametrize("name", MACHINES)
def test_all_that_is_documented_is_known(name):
    """Under every choice of drivers, also those that publish least; and nothing is known better."""
    machine = MACHINES[name]
    facts = facts_of(machine)
    for drivers, entries in combinations(machine):
        located = locate_with(
            [(entry.driver, entry.device) for entry in entries], DEFAULT_VOCABULARY, [facts]
        )
        nameless = name == NAMELESS[0] and NAMELESS[1] in drivers
        if nameless or not any(entry.part is not None for entry in entries):
            continue
        assert located.facts is not None
        assert located.facts.problem is None, f"{drivers}: {located.facts}"
        for (first, here), (second, there) in pairs_of(zip(entries, located.locations, strict=True), 2):
            if DeviceKind.CPU in (here.kind, there.kind) and here.kind == there.kind:
                continue
            found = distance(here, there)
            assert found is expected(machine, first, second), f"{drivers}: {first}, {second}"


def test_no_fact_is_needed_where_all_is_published():
    """Where drivers say all, nothing is said to come from facts."""
    machine = MACHINES["dell-xe9680-mi300x-snc-on"]
    newest = list(combinations(machine))[-1][1]
    devices = [(entry.driver, entry.device) for entry in newest]
    locations = locate_with(devices, DEFAULT_VOCABULARY, [facts_of(machine)]).locations
    bare = locate_with(devices, DEFAULT_VOCABULARY, ()).locations
    for (a, before), (b, then) in pairs_of(zip(locations, bare, strict=True), 2):
        assert told_by_facts(a, b) is (distance(before, then) is not distance(a, b))


def test_a_file_says_all_of_it(tmp_path):
    """What is read of the file is what was written."""
    path = tmp_path / "machines.json"
    path.write_text(facts_file(documented_facts()))
    written = {each.name: each for each in documented_facts().types}
    read = {each.name: each for each in read_machines(str(path))}
    assert read.keys() == written.keys()
    for name, each in read.items():
        assert (each.labels, each.devices) == (written[name].labels, written[name].devices)


@pytest.mark.parametrize("known", BUILT_IN_FACTS.types, ids=lambda known: known.name)
def test_built_in_facts_are_the_record(known):
    """Each device of the record that has an address is there; what is said of it is what the record says."""
    record = facts_of(next(machine for machine in machines() if machine.name == known.name))
    sourced = {key for key, place in record.devices.items() if place.numa >= 0}
    assert known.devices.keys() == sourced
    for key, place in known.devices.items():
        said = record.devices[key]
        assert place.numa == said.numa
        assert place.socket in (-1, said.socket)
        assert place.root in ("", said.root)
        assert not place.switch


@pytest.mark.parametrize("known", documented_facts().types, ids=lambda known: known.name)
def test_the_documents_of_a_fleet_are_the_record(known):
    """All devices of the machine, at the places of the record; a switch stands for a root that is none."""
    record = MACHINES[known.name]
    parts = [part for kind in ("gpu", "nic") for part in record.parts if part.kind == kind]
    assert len(known.devices) == len(parts)
    for part, (key, place) in zip(parts, known.devices.items(), strict=True):
        assert (part.address or key) == key
        assert (place.numa, place.socket) == (part.numa, record.sockets.get(part.numa, -1))
        assert bool(place.switch) is record.roots_assumed
        assert record.roots_assumed or place.root == part.root


def test_drivers_of_parts():
    """The names by which devices without an address are known."""
    assert DRIVERS.keys() == {part.kind for machine in machines() for part in machine.parts} - {"gpu", "root"}
