"""
Where the worths of each pair of kinds come from: who measured them, or why they are assumed.

The same as the table of worths in docs/alignment.md, for reports that put numbers before people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ..topology.driver_attributes import DeviceKind
from .worths import DEFAULT_WORTHS, Worths

KUBECON = "KubeCon NA 2025, Ghildiyal and Chun"
DRANET = "kubernetes-sigs/dranet, examples/ and site/content/docs"
SLIT = "kubernetes/enhancements KEP-6072 and johnahull/dra-topology-aware-co-placement"
HAMI = "order of Project-HAMi/HAMi, pkg/device/nvidia/calculate_score.go"


class Basis(StrEnum):
    MEASURED = "measured"
    ASSUMED = "assumed"
    SITE = "of this site"


@dataclass(frozen=True, slots=True)
class WorthSource:
    """``said_by``: publications if ``basis`` is measured, else what the assumption rests on."""

    basis: Basis
    said_by: tuple[str, ...]


_AS_GPU_NIC = WorthSource(Basis.ASSUMED, ("as gpu-nic: the same direct memory access",))
_AS_GPU_CPU = WorthSource(Basis.ASSUMED, ("as gpu-cpu",))
_AS_NIC_CPU = WorthSource(Basis.ASSUMED, ("as nic-cpu",))
_LINKED = WorthSource(Basis.ASSUMED, (HAMI,))
_ALIKE = WorthSource(Basis.ASSUMED, ("they gain by being near the CPU, not each other",))
_OF_SITE = WorthSource(Basis.SITE, ("its file of worths",))
_OTHERS = WorthSource(Basis.ASSUMED, ("between gpu-nic and nic-cpu",))

SOURCES: Mapping[str, WorthSource] = {
    "gpu-nic": WorthSource(Basis.MEASURED, (KUBECON, DRANET, SLIT)),
    "gpu-nvme": _AS_GPU_NIC,
    "accelerator-nic": _AS_GPU_NIC,
    "accelerator-nvme": _AS_GPU_NIC,
    "nic-nvme": _AS_GPU_NIC,
    "gpu-cpu": WorthSource(Basis.MEASURED, (KUBECON, SLIT)),
    "gpu-memory": _AS_GPU_CPU,
    "accelerator-cpu": _AS_GPU_CPU,
    "accelerator-memory": _AS_GPU_CPU,
    "nic-cpu": WorthSource(Basis.MEASURED, (KUBECON, SLIT)),
    "nic-memory": _AS_NIC_CPU,
    "nvme-cpu": _AS_NIC_CPU,
    "nvme-memory": _AS_NIC_CPU,
    "cpu-memory": WorthSource(Basis.MEASURED, (SLIT,)),
    "gpu-gpu": _LINKED,
    "gpu-accelerator": _LINKED,
    "accelerator-accelerator": _LINKED,
    "nic-nic": _ALIKE,
    "nvme-nvme": _ALIKE,
    "memory-memory": _ALIKE,
    "cpu-cpu": WorthSource(Basis.ASSUMED, ("part of what memory loses",)),
}
"""By kinds, such as ``gpu-nic``; ``source_of`` answers for all others too."""


def source_of(kinds: str, worths: Worths = DEFAULT_WORTHS) -> WorthSource:
    """Where the worths of a pair of ``kinds`` come from; a row that differs from ours is the site's."""
    first, second = (DeviceKind(kind) for kind in kinds.split("-"))
    if worths.row(first, second) != DEFAULT_WORTHS.row(first, second):
        return _OF_SITE
    return SOURCES.get(kinds, _OTHERS)
