"""The attribute names of the drivers."""

from __future__ import annotations

import re

import pytest

from extender.core.topology.vocabulary import (
    DEFAULT_VOCABULARY,
    DeviceKind,
    DriverAttributes,
    Vocabulary,
    traits_read,
)
from tests.paths import DOCS

ON_THE_BUS = [
    driver for driver, names in DEFAULT_VOCABULARY.drivers.items() if names.kind is not DeviceKind.VIRTUAL
]


@pytest.mark.parametrize("driver", ON_THE_BUS)
def test_every_name_is_in_full(driver):
    """A bare name in the table is one of the driver's own domain."""
    names = traits_read(DEFAULT_VOCABULARY, driver)
    assert names
    names = names.union(DEFAULT_VOCABULARY.attributes(driver).rdma)
    assert all(domain and name for domain, _, name in (name.partition("/") for name in names))


@pytest.mark.parametrize("driver", ON_THE_BUS)
def test_standard_names_come_first(driver):
    """A standard name is trusted before any of a driver's own."""
    names = DEFAULT_VOCABULARY.attributes(driver)
    assert names.root[0] == "resource.kubernetes.io/pcieRoot"
    assert names.numa[0] == "resource.kubernetes.io/numaNode"
    assert all(name == "resource.kubernetes.io/pciBusID" for name in names.address[:1])


def test_traits_read_names_the_aliases():
    """What may move a device is known by name before any device is seen."""
    assert traits_read(DEFAULT_VOCABULARY, "gpu.nvidia.com") == {
        "resource.kubernetes.io/pcieRoot",
        "resource.kubernetes.io/pciBusID",
        "resource.kubernetes.io/numaNode",
        "gpu.nvidia.com/numa",
        "gpu.nvidia.com/pcieBusID",
        "gpu.nvidia.com/uuid",
        "gpu.nvidia.com/parentUUID",
        "gpu.nvidia.com/addressingMode",
    }


def test_unknown_driver_has_its_own_bare_names():
    """A driver nobody listed may spell NUMA in its own domain."""
    assert "npu.example.com/numaNode" in traits_read(DEFAULT_VOCABULARY, "npu.example.com")


def test_a_driver_is_added_as_data():
    """Names given for a driver are read as they are, bare names in its domain."""
    names = DriverAttributes(
        DeviceKind.NVME, numa=("node", "other.example.com/node"), own_memory=("mode", "far")
    )
    vocabulary = Vocabulary.of({"disk.example.com": names}, DriverAttributes(DeviceKind.OTHER))
    read = vocabulary.attributes("disk.example.com")
    assert read.kind is DeviceKind.NVME
    assert read.numa == ("disk.example.com/node", "other.example.com/node")
    assert read.own_memory == ("disk.example.com/mode", "far")
    assert vocabulary.attributes("else.example.com").kind is DeviceKind.OTHER


def test_added_drivers_come_beside_and_in_place_of_the_listed():
    """A site's names win for the drivers it names, and change no other."""
    given = {
        "dra.net": DriverAttributes(DeviceKind.NIC, numa=("slot",)),
        "disk.example.com": DriverAttributes(DeviceKind.NVME),
    }
    vocabulary = DEFAULT_VOCABULARY.with_drivers(given)
    assert vocabulary.attributes("dra.net").numa == ("dra.net/slot",)
    assert vocabulary.attributes("disk.example.com").kind is DeviceKind.NVME
    assert vocabulary.attributes("dra.cpu") == DEFAULT_VOCABULARY.attributes("dra.cpu")
    assert vocabulary.attributes("else.example.com") == DEFAULT_VOCABULARY.attributes("else.example.com")


def test_documented_names_are_the_names():
    """docs/alignment.md lists every driver with its kind and every name that is read of it."""
    lines = (DOCS / "alignment.md").read_text().splitlines()
    rows = {
        cells[0]: cells
        for cells in ([cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines)
        if len(cells) == 3
    }
    for driver in [*DEFAULT_VOCABULARY.drivers, "any other"]:
        _, kind, names = rows[driver]
        assert kind == DEFAULT_VOCABULARY.attributes(driver).kind
        listed = {
            name if "/" in name else f"{driver}/{name}" for name in re.findall(r"`([\w./]+)`", f"`{names}`")
        }
        standard = {f"resource.kubernetes.io/{name}" for name in ("pcieRoot", "numaNode", "pciBusID")}
        read = traits_read(DEFAULT_VOCABULARY, driver).union(DEFAULT_VOCABULARY.attributes(driver).rdma)
        assert listed == read - standard
