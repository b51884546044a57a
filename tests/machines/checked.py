"""What ``check`` says of each machine, before and after the facts that ``probe`` prints there."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from extender.cli.probe import sysfs
from extender.core.cluster.known_distances import Knowledge, known_types
from extender.core.topology.known_machines import INSTANCE_TYPE
from extender.core.topology.machine_facts import NO_FACTS, MachineFacts
from extender.core.topology.vocabulary import DEFAULT_VOCABULARY
from extender.kube.files.machines_file import read_machines
from extender.model import Device, Node
from tests import builders as b
from tests.machines.facts import facts_of
from tests.machines.generations import CPUS, GPUS, NICS, Entry
from tests.machines.record import Machine
from tests.machines.sysfs import write_sysfs


def released(machine: Machine) -> list[Entry]:
    """What the node publishes with the oldest drivers of each kind, which all are released."""
    chosen = (
        next(iter(GPUS[machine.gpu_driver].values())),
        NICS["dranet to v1.4"],
        CPUS["by NUMA node"],
    )
    return [entry for generation in chosen for entry in generation(machine)]


def probed(machine: Machine) -> MachineFacts:
    """What ``probe`` prints there; of a machine without addresses, which it cannot find, the record's."""
    if not any(part.address for part in machine.parts):
        return MachineFacts((facts_of(machine),))
    with tempfile.TemporaryDirectory() as directory:
        tree, path = Path(directory, "sys"), Path(directory, "machine.yaml")
        write_sysfs(machine, tree)
        found = sysfs.probe(tree, virtual=False)
        path.write_text("\n".join(sysfs.entry(found, machine.name, f"{INSTANCE_TYPE}={machine.name}")))
        return MachineFacts(tuple(read_machines(str(path))))


def checked(
    machine: Machine, entries: Sequence[Entry], facts: MachineFacts = NO_FACTS
) -> Mapping[str, Knowledge]:
    """By kinds such as ``gpu-nic`` who tells the distances on a node of this machine; empty of no devices."""
    by_driver: dict[str, list[Device]] = {}
    for entry in entries:
        by_driver.setdefault(entry.driver, []).append(entry.device)
    slices = [b.slice_of(driver, "node", devices) for driver, devices in by_driver.items()]
    node = Node("node", labels={INSTANCE_TYPE: machine.name})
    snapshot = b.snapshot((node, slices), machines_known=facts)
    found = known_types(snapshot.nodes, DEFAULT_VOCABULARY, INSTANCE_TYPE).get(machine.name, [])
    return found[0].kinds if found else {}
