"""
The documented places of the devices of a generated fleet: what the machines are, not what drivers publish.

Placements on such a fleet, or on the fleet of the embedded recording, are judged by them.
"""

from __future__ import annotations

from extender.core.topology.known_machines import INSTANCE_TYPE
from extender.core.topology.machine_facts import MachineFacts, MachineType, Place

from .fleet import Machine, MachineDevice, gpu_name, machines, nic_name

ORIGIN = "extender/data/topologies.json"


def documented_facts() -> MachineFacts:
    """The machines of ``machines()``, for nodes whose instance type is their name."""
    return MachineFacts(tuple(map(_type, machines())))


def _type(machine: Machine) -> MachineType:
    devices: dict[str, Place] = {}
    for kind, driver in (("gpu", machine.gpu_driver), ("nic", "dra.net")):
        for position, device in enumerate(machine.of_kind(kind)):
            name = gpu_name(position) if kind == "gpu" else nic_name(device, position)
            devices[device.bdf or f"{driver}/{name}"] = _place(machine, device)
    return MachineType(machine.name, ORIGIN, {INSTANCE_TYPE: frozenset({machine.name})}, devices)


def _place(machine: Machine, device: MachineDevice) -> Place:
    numa = -1 if device.numa_node is None else device.numa_node
    switch = "" if device.switch is None else str(device.switch)
    return Place(device.pcie_root or "", switch, numa, machine.sockets[numa] if numa >= 0 else -1)
