"""The record of each machine as facts, as a site would write them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping

from extender.core.topology.known_machines import INSTANCE_TYPE
from extender.core.topology.machine_facts import MachineFacts, MachineType, Place
from tests.machines.record import Machine, Part, machines

DRIVERS: Mapping[str, str] = {"nic": "dra.net", "nvme": "dra.nvme"}


def facts_of(machine: Machine, names: Mapping[str, str] | None = None) -> MachineType:
    """
    Its devices by address, those without one by the driver and the name that a slice gives them.

    ``names``: these names by the names of the record (default: the same). A flat root is no fact.
    """
    devices = {}
    for part in machine.parts:
        if part.kind != "root":
            driver = DRIVERS.get(part.kind, machine.gpu_driver)
            key = part.address or f"{driver}/{(names or {}).get(part.name, part.name)}"
            root = "" if machine.flat else part.root
            devices[key] = Place(root, "", part.numa, machine.sockets.get(part.numa, -1))
    return MachineType(machine.name, "record", {INSTANCE_TYPE: frozenset({machine.name})}, devices)


def recorded_facts() -> MachineFacts:
    """
    The facts of all machines, for fleets that label nodes with the names of the record.

    Such fleets number the devices that have no address by kind: ``gpu-0``, ``nic-3``.
    """
    return MachineFacts(tuple(facts_of(each, _numbered(each.parts)) for each in machines()))


def _numbered(parts: Iterable[Part]) -> dict[str, str]:
    counts: dict[str, int] = {}
    names = {}
    for part in parts:
        number = counts[part.kind] = counts.get(part.kind, -1) + 1
        names[part.name] = f"{part.kind}-{number}"
    return names


def facts_file() -> str:
    """A file for ``--machines`` with all of ``recorded_facts``."""
    types = {}
    for each in recorded_facts().types:
        if each.devices:
            types[each.name] = {
                "labels": {key: sorted(values) for key, values in each.labels.items()},
                "devices": {key: _fields(place) for key, place in each.devices.items()},
            }
    return json.dumps({"machines": types}, indent=2)


def _fields(place: Place) -> dict[str, str | int]:
    return {field: value for field, value in place._asdict().items() if value not in ("", -1)}


if __name__ == "__main__":
    sys.stdout.write(f"{facts_file()}\n")
