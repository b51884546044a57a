"""What an administrator can do about distances that are unknown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple

from extender.core.cluster.known_distances import KnownType

CPU_DRIVER = "dra.cpu"

SPEAKS: Mapping[str, str] = {
    "gpu.nvidia.com": "publishes the NUMA node of a GPU in versions after v0.4.1, and in none before",
    "gpu.amd.com": "publishes the NUMA node of a GPU in builds from April 2026 on",
    "dra.net": "publishes the NUMA node of each NIC of which the kernel knows it",
}
"""From which version on a driver says where its devices are; read in the drivers' repositories."""


class Way(StrEnum):
    UPGRADE = "upgrade"
    GROUP_CPUS = "group-cpus"
    EXPOSE_ROOTS = "expose-pcie-roots"
    FACTS = "machine-facts"


class WayOut(NamedTuple):
    """``driver``: whose version or option it is, empty for facts of the machine."""

    way: Way
    driver: str
    message: str


def ways_out(known: KnownType) -> Iterator[WayOut]:
    """What would make unknown distances of these nodes known, the lasting ways first."""
    silent = {driver for each in known.kinds.values() for driver in each.silent}
    if not any(each.unknown for each in known.kinds.values()):
        return
    for driver in sorted(silent):
        if driver == CPU_DRIVER:
            yield WayOut(
                Way.GROUP_CPUS,
                driver,
                f"{driver} publishes no NUMA node of CPUs that are grouped by machine or socket: group "
                "them by NUMA node",
            )
        elif driver in SPEAKS:
            yield WayOut(Way.UPGRADE, driver, f"{driver} {SPEAKS[driver]}")
    on_roots = silent & known.rooted
    if CPU_DRIVER in known.drivers - known.reaching and on_roots:
        yield WayOut(
            Way.EXPOSE_ROOTS,
            CPU_DRIVER,
            f"{CPU_DRIVER} with --expose-pcie-roots tells the NUMA nodes of the PCIe roots that "
            f"{' and '.join(sorted(on_roots))} {'publish' if len(on_roots) > 1 else 'publishes'}",
        )
    yield WayOut(
        Way.FACTS,
        "",
        "run `dra-extender probe` on one node of each type and give what it prints with --machines FILE",
    )
