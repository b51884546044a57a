"""Every machine under every choice of driver generations: no distance is wrong or needlessly unknown."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest

from extender.core.topology.locate import locate
from extender.core.topology.locations import Distance, distance
from extender.core.topology.vocabulary import DEFAULT_VOCABULARY
from tests.machines.generations import CPUS, GPUS, NICS, Entry, Generation, nothing, nvme
from tests.machines.record import Machine, documented, machines
from tests.machines.told import told

MACHINES = {machine.name: machine for machine in machines()}
NEARNESS = [Distance.PCIE_ROOT, Distance.NUMA, Distance.SOCKET, Distance.REMOTE, Distance.UNKNOWN]


def combinations(machine: Machine) -> Iterator[tuple[str, list[Entry]]]:
    """What the node publishes under each choice of drivers, with the names of these."""
    disks: dict[str, Generation] = {"no dra.nvme": nothing}
    if any(part.kind == "nvme" for part in machine.parts):
        disks["dra.nvme"] = nvme
    for choice in product(GPUS[machine.gpu_driver].items(), NICS.items(), CPUS.items(), disks.items()):
        entries = [entry for _, generation in choice for entry in generation(machine)]
        yield ", ".join(name for name, _ in choice), entries


def test_all_machines_are_there():
    """The 24 of the record, and each publishes something where its CPUs have a driver."""
    assert len(MACHINES) == 24
    assert all(any(entries for _, entries in combinations(machine)) for machine in MACHINES.values())


@pytest.mark.parametrize("name", MACHINES)
def test_distances_are_what_the_facts_determine(name):
    """Neither nearer, nor farther, nor unknown where the published facts together tell."""
    machine = MACHINES[name]
    for drivers, entries in combinations(machine):
        locations = locate([(entry.driver, entry.device) for entry in entries], DEFAULT_VOCABULARY)
        expected = told(entries, flat=machine.flat)
        for a in range(len(entries)):
            for b in range(a):
                names = f"{drivers}: {entries[a].device.name}, {entries[b].device.name}"
                assert distance(locations[a], locations[b]) is expected(a, b), names


@pytest.mark.parametrize("name", MACHINES)
def test_no_distance_is_nearer_than_the_machine_is(name):
    """Against the machine's own record; farther only where sockets or NUMA nodes are not published."""
    machine = MACHINES[name]
    for drivers, entries in combinations(machine):
        locations = locate([(entry.driver, entry.device) for entry in entries], DEFAULT_VOCABULARY)
        for a, first in enumerate(entries):
            for b, second in enumerate(entries[:a]):
                if first.part is None or second.part is None:
                    continue
                found = distance(locations[a], locations[b])
                true = documented(machine, first.part, second.part)
                excused = (true, found) in {
                    (Distance.SOCKET, Distance.REMOTE),
                    (Distance.NUMA, Distance.SOCKET),
                }
                assert found in {true, Distance.UNKNOWN} or excused, f"{drivers}: {first}, {second}"
                assert NEARNESS.index(found) >= NEARNESS.index(true)


@pytest.mark.parametrize("name", MACHINES)
def test_all_is_known_where_all_is_published(name):
    """With NUMA nodes on GPUs and NICs and CPUs by NUMA node, each distance is the documented one."""
    machine = MACHINES[name]
    newest = list(GPUS[machine.gpu_driver].values())[-1]
    for nics in NICS.values():
        chosen = (newest, nics, CPUS["by NUMA node, roots"])
        entries = [entry for generation in chosen for entry in generation(machine)]
        locations = locate([(entry.driver, entry.device) for entry in entries], DEFAULT_VOCABULARY)
        for a, first in enumerate(entries):
            for b, second in enumerate(entries[:a]):
                if first.part is not None and second.part is not None:
                    assert distance(locations[a], locations[b]) is documented(
                        machine, first.part, second.part
                    )
