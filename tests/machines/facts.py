"""
The record of each machine as facts, as a site would write them.

``python -m tests.machines.facts`` prints a file for ``--machines``: what is documented of a generated fleet.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping

from extender.cli.bench.documents import documented_facts
from extender.core.topology.known_machines import INSTANCE_TYPE
from extender.core.topology.machine_facts import MachineFacts, MachineType, Place
from tests.machines.record import Machine

DRIVERS: Mapping[str, str] = {"nic": "dra.net", "nvme": "dra.nvme"}


def facts_of(machine: Machine) -> MachineType:
    """Its devices by address, those without one by driver and name. A flat root is no fact."""
    devices = {}
    for part in machine.parts:
        if part.kind != "root":
            driver = DRIVERS.get(part.kind, machine.gpu_driver)
            key = part.address or f"{driver}/{part.name}"
            root = "" if machine.flat else part.root
            devices[key] = Place(root, "", part.numa, machine.sockets.get(part.numa, -1))
    return MachineType(machine.name, "record", {INSTANCE_TYPE: frozenset({machine.name})}, devices)


def facts_file(facts: MachineFacts) -> str:
    """A file for ``--machines`` that says the same."""
    types = {}
    for each in facts.types:
        if each.devices:
            types[each.name] = {
                "labels": {key: sorted(values) for key, values in each.labels.items()},
                "devices": {key: _fields(place) for key, place in each.devices.items()},
            }
    return json.dumps({"machines": types}, indent=2)


def _fields(place: Place) -> dict[str, str | int]:
    return {field: value for field, value in place._asdict().items() if value not in ("", -1)}


if __name__ == "__main__":
    sys.stdout.write(f"{facts_file(documented_facts())}\n")
