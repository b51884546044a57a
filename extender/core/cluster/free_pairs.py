"""
What a placement leaves for the pods that come later.

A *free pair* is a free GPU and a free NIC near each other: on one PCIe root or, on a node
where roots say nothing about them, on one NUMA node. Every device of the node counts,
also those that the pod cannot see. First fit reaches only some of the pairs: the
GPUs and NICs that have the same turn in search order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from extender.model import ResourceSlice
from extender.model.device_columns import Traits

from ..releases.release import Release
from ..topology.locations import Location
from ..topology.published import does_rdma
from ..topology.vocabulary import DeviceKind, Vocabulary
from .taints import taints_block
from .usage import PoolUsage

_ACCELERATORS = (DeviceKind.GPU, DeviceKind.ACCELERATOR)
_NOWHERE = -1
_OUT, _PART, _HAS_RDMA = 1, 2, 4


class FreePairs(NamedTuple):
    """
    How many free pairs there are.

    ``intact``: by any choice of devices. ``first_fit``: that pods get which ask for a GPU
    and a NIC, one pod after the other, until nothing is left.
    """

    intact: int
    first_fit: int


@dataclass(frozen=True, slots=True)
class Pairable:
    """
    The devices of a node that can be part of a free pair.

    ``gpus`` and ``nics`` hold the neighbourhood of each in search order, -1 where it is near
    nothing; two are near each other if they share one. A *unit* is a position in
    ``(*gpus, *nics)``. ``units`` lists (slice, device, unit), positions as in the inventory:
    several devices that cannot be had together are one unit. ``all_free``: a bit per unit; ``untouched``:
    the pairs that they all form.
    """

    gpus: tuple[int, ...] = ()
    nics: tuple[int, ...] = ()
    units: tuple[tuple[int, int, int], ...] = ()
    unit_of: Mapping[tuple[int, int], int] = field(init=False, repr=False, compare=False)
    all_free: int = field(init=False, repr=False, compare=False)
    untouched: FreePairs = field(init=False, repr=False, compare=False)
    digest: int = field(init=False, repr=False, compare=False, default=0)

    def __post_init__(self) -> None:
        """Work out once what is asked per node: the hash, and the pairs while nothing is taken."""
        unit_of = {(slice_, device): unit for slice_, device, unit in self.units}
        object.__setattr__(self, "unit_of", unit_of)
        object.__setattr__(self, "digest", hash((self.gpus, self.nics, self.units)))
        all_free = (1 << len(self.gpus) + len(self.nics)) - 1
        object.__setattr__(self, "all_free", all_free)
        object.__setattr__(self, "untouched", self._pairs(all_free))

    def __hash__(self) -> int:
        return self.digest

    def pairs(self, free: int) -> FreePairs:
        """Count the free pairs among the free units, given as a bit per unit."""
        return self.untouched if free == self.all_free else self._pairs(free)

    def _pairs(self, free: int) -> FreePairs:
        first = len(self.gpus)
        gpus = [neighbourhood for unit, neighbourhood in enumerate(self.gpus) if free >> unit & 1]
        nics = [neighbourhood for unit, neighbourhood in enumerate(self.nics, first) if free >> unit & 1]
        left = Counter(nics)
        return FreePairs(
            sum(
                min(count, left[neighbourhood])
                for neighbourhood, count in Counter(gpus).items()
                if neighbourhood != _NOWHERE
            ),
            sum(gpu == nic != _NOWHERE for gpu, nic in zip(gpus, nics, strict=False)),
        )

    def own_pairs(self, taken: int) -> int:
        """How many pairs the units of one pod form among themselves."""
        return self.pairs(taken).intact


NOTHING_PAIRABLE = Pairable()


def marks_of(slice_: ResourceSlice, traits: Traits, release: Release, vocabulary: Vocabulary) -> bytes:
    """
    What ``pairable_of`` needs to know of each device of a slice, apart from its location.

    ``traits``: of the devices, with the taints of rules.
    """
    names = vocabulary.attributes(slice_.driver)
    marks = bytearray()
    for device, of_device in zip(slice_.devices, traits.values, strict=True):
        mark = 0
        if of_device.allow_multiple_allocations:
            mark |= _OUT
        if of_device.taints and release.features.device_taints and taints_block(of_device.taints, ()):
            mark |= _OUT
        if of_device.consumes_counters:
            mark |= _PART
        if does_rdma(names, device):
            mark |= _HAS_RDMA
        marks.append(mark)
    return bytes(marks)


def pairable_of(
    locations: Sequence[Sequence[Location]], targets: Sequence[Sequence[bool]], marks: Sequence[bytes]
) -> Pairable:
    """
    Find what can be part of a free pair. All is by slice, then by device; empty targets mean all devices.

    Devices that can be shared are never used up, so they count for nothing; neither do
    those with a taint that blocks, nor NICs without RDMA where the node has some with it: on an AWS
    p4d each root also carries a NIC that no GPU talks to.
    """
    gpus: list[_Found] = []
    nics: list[_Found] = []
    for slice_, (of_slice, wanted, of_devices) in enumerate(zip(locations, targets, marks, strict=True)):
        for device, (location, mark) in enumerate(zip(of_slice, of_devices, strict=True)):
            if mark & _OUT or (wanted and not wanted[device]):
                continue
            if location.kind in _ACCELERATORS:
                gpus.append(_Found(slice_, device, ("card", location.device), location, rdma=False))
            elif location.kind is DeviceKind.NIC:
                # Functions of one port can be had one by one, parts of one device cannot.
                indivisible = ("port", location.device) if mark & _PART else (slice_, device)
                nics.append(_Found(slice_, device, indivisible, location, rdma=bool(mark & _HAS_RDMA)))
    if any(nic.rdma for nic in nics):
        nics = [nic for nic in nics if nic.rdma]
    if not gpus or not nics:
        return NOTHING_PAIRABLE
    by_root = _share_a_root(gpus, nics)
    neighbourhoods: dict[Hashable, int] = {}
    gpu_units, gpu_neighbourhoods = _units(gpus, neighbourhoods, by_root=by_root)
    nic_units, nic_neighbourhoods = _units(nics, neighbourhoods, by_root=by_root)
    first = len(gpu_neighbourhoods)
    return Pairable(
        tuple(gpu_neighbourhoods),
        tuple(nic_neighbourhoods),
        (*gpu_units, *((slice_, device, first + unit) for slice_, device, unit in nic_units)),
    )


def free_units(
    pairable: Pairable,
    slices: Sequence[ResourceSlice],
    pools: Sequence[int],
    usage: Sequence[PoolUsage],
) -> int:
    """
    A bit for each unit that nobody holds a device of.

    ``pools`` has the pool of each slice as a position in ``usage``.
    """
    free = pairable.all_free
    for number, (slice_, pool) in enumerate(zip(slices, pools, strict=True)):
        positions = slice_.devices.names.positions
        for name in usage[pool].exclusive:
            unit = pairable.unit_of.get((number, positions.get(name, _NOWHERE)))
            if unit is not None:
                free &= ~(1 << unit)
    return free


class _Found(NamedTuple):
    """``indivisible``: equal for devices that cannot be had together."""

    slice_: int
    device: int
    indivisible: Hashable
    location: Location
    rdma: bool


def _share_a_root(gpus: Iterable[_Found], nics: Iterable[_Found]) -> bool:
    roots = {nic.location.root for nic in nics if nic.location.root >= 0}
    return any(gpu.location.root in roots for gpu in gpus)


def _units(
    devices: Iterable[_Found], neighbourhoods: dict[Hashable, int], *, by_root: bool
) -> tuple[list[tuple[int, int, int]], list[int]]:
    """(slice, device, unit) of each device, and each unit's neighbourhood, numbered in ``neighbourhoods``."""
    units: dict[Hashable, int] = {}
    of_units: list[int] = []
    listed: list[tuple[int, int, int]] = []
    for device in devices:
        unit = units.setdefault(device.indivisible, len(units))
        if unit == len(of_units):
            location = device.location
            # A root on which devices say to be on several NUMA nodes is none: see ``distance``.
            neighbourhood = (location.root, location.numa) if by_root else location.numa
            is_located = (location.root if by_root else location.numa) >= 0
            of_units.append(
                neighbourhoods.setdefault(neighbourhood, len(neighbourhoods)) if is_located else _NOWHERE
            )
        listed.append((device.slice_, device.device, unit))
    return listed, of_units
