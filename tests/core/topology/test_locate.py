"""Locations as values: what they do not depend on. Where devices are is in ``test_pitfalls``."""

from __future__ import annotations

from extender.core.topology.locate import locate
from extender.core.topology.locations import Location
from extender.core.topology.vocabulary import DEFAULT_VOCABULARY, DeviceKind
from extender.model import Device
from tests import builders as b

NET_NUMA = "dra.net/numaNode"
BUS_ID = "resource.kubernetes.io/pciBusID"


def test_equal_machines_have_equal_locations():
    """Names, addresses and node numbers of a machine do not show in its locations."""

    def machine(bus: str, first: int) -> tuple[Location, ...]:
        root = b.text(f"pci0000:{bus}")
        devices = [
            ("gpu.nvidia.com", {b.ROOT: root, BUS_ID: b.text(f"0000:{bus}:00.0")}),
            ("dra.net", {b.ROOT: root, NET_NUMA: b.number(first)}),
            ("dra.net", {b.ROOT: b.text("pci0000:f0"), NET_NUMA: b.number(first + 1)}),
        ]
        return locate([(driver, Device("d", facts)) for driver, facts in devices], DEFAULT_VOCABULARY)

    assert machine("15", 0) == machine("97", 4)


def test_no_devices_no_locations():
    """A node without devices has no locations."""
    assert locate([], DEFAULT_VOCABULARY) == ()


def test_what_is_unknown_is_minus_one():
    """Of a device that publishes nothing, its kind and that it is a device are known."""
    (location,) = locate([("gpu.nvidia.com", Device("d", {}))], DEFAULT_VOCABULARY)
    assert location == Location(DeviceKind.GPU, device=0) == (DeviceKind.GPU, 0, -1, -1, -1, (), -1, 0)
