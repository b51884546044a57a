"""
A pod on its node: the devices that it holds there, and how near they are to each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from extender.model import Claim, ClaimSpec, DeviceID, DeviceResult, Pod

from ..alignment.bounds import highest, lowest
from ..alignment.pairs import Alignment
from ..alignment.worths import Worths
from ..claims.askers import askers_of
from ..cluster.node_state import NodeState
from ..prediction.pod_alignment import Placed, aligned
from ..topology.driver_attributes import DeviceKind
from ..topology.locations import Location
from ..topology.vocabulary import Vocabulary
from .sharing import Sharing


class Unrated(StrEnum):
    """
    Why a running pod with claims has no alignment.

    ``few-devices``: it holds fewer than two, so nothing can be apart. ``claim-unknown``: a
    claim of it is missing or not allocated. ``node-unknown``: its node is missing.
    ``devices-gone``: no ResourceSlice of the node lists its devices. ``rated-together``: it is rated
    with the first of the pods that use parts of the same claims.
    """

    FEW_DEVICES = "few-devices"
    CLAIM_UNKNOWN = "claim-unknown"
    NODE_UNKNOWN = "node-unknown"
    DEVICES_GONE = "devices-gone"
    RATED_TOGETHER = "rated-together"


@dataclass(frozen=True, slots=True)
class HeldDevice:
    """
    ``location`` is ``None`` where no slice of the pod's node lists the device. ``asker``: who asked for
    it, a number below 0; see ``claims.askers``.
    """

    claim: str
    result: DeviceResult
    location: Location | None
    asker: int


@dataclass(frozen=True, slots=True)
class RunningPod:
    """
    A pod on its node, ``claims`` in pod order, ``devices`` claim by claim in allocation order.

    The indexes in ``alignment`` count in ``devices``; ``lowest`` and ``highest`` are its bounds.
    Devices held with admin access watch and do not work; they are listed and not aligned. Of a claim
    that it shares, the devices are those of the requests that its containers use. ``kept`` and
    ``companions``: see ``Sharing``; the devices are those of the companions too.
    """

    pod: Pod
    claims: tuple[Claim, ...]
    devices: tuple[HeldDevice, ...]
    alignment: Alignment
    lowest: float
    highest: float
    kept: frozenset[str] = frozenset()
    companions: tuple[Pod, ...] = ()

    @property
    def free(self) -> tuple[Claim, ...]:
        """The claims that can get other devices."""
        if not self.kept:
            return self.claims
        return tuple(claim for claim in self.claims if claim.name not in self.kept)


class _Rating(NamedTuple):
    alignment: Alignment
    lowest: float
    highest: float


class Rater:
    """
    Rates pods on their nodes.

    Pods in the same locations, mostly of one machine type, are rated once; who asked is found once for
    claims of one form.
    """

    def __init__(self, vocabulary: Vocabulary, worths: Worths) -> None:
        self._vocabulary, self._worths = vocabulary, worths
        self._ratings: dict[tuple[Placed, ...], _Rating] = {}
        self._askers: dict[ClaimSpec, Mapping[str, str]] = {}

    def rated(
        self, pod: Pod, claims: tuple[Claim, ...], sharing: Sharing, state: NodeState
    ) -> RunningPod | tuple[Pod, Unrated]:
        """The pod with its ``claims``, all of which are allocated, or why it has no alignment."""
        results = self._results(claims)
        if sharing.used:
            results = [
                (claim, result, asker)
                for claim, result, asker in results
                if claim not in sharing.used or result.request.partition("/")[0] in sharing.used[claim]
            ]
        if len([result for _, result, _ in results if not result.admin_access]) < 2:
            return pod, Unrated.FEW_DEVICES
        locations = _locations_of({result.id for _, result, _ in results}, state)
        devices = tuple(
            [HeldDevice(claim, result, locations.get(result.id), asker) for claim, result, asker in results]
        )
        working = [
            (number, Placed(device.location, device.asker))
            for number, device in enumerate(devices)
            if device.location is not None
            and device.location.kind is not DeviceKind.VIRTUAL
            and not device.result.admin_access
        ]
        if len(working) < 2:
            gone = any(device.location is None for device in devices)
            return pod, Unrated.DEVICES_GONE if gone else Unrated.FEW_DEVICES
        rating = self._rating(tuple([placed for _, placed in working]))
        alignment = rating.alignment
        if len(working) < len(devices):
            pairs = alignment.pairs
            numbered = tuple(replace(pair, a=working[pair.a][0], b=working[pair.b][0]) for pair in pairs)
            alignment = Alignment(alignment.predicted, numbered)
        return RunningPod(
            pod,
            claims,
            devices,
            alignment,
            rating.lowest,
            rating.highest,
            sharing.kept,
            sharing.companions,
        )

    def _results(self, claims: Sequence[Claim]) -> list[tuple[str, DeviceResult, int]]:
        """Each device of the claims: the claim's name, the device, and its asker."""
        numbers: dict[tuple[int, str], int] = {}
        found = []
        for position, claim in enumerate(claims):
            names = self._askers.get(claim.spec)
            if names is None:
                names = self._askers[claim.spec] = askers_of(claim.spec, self._vocabulary)
            for result in claim.allocation.results if claim.allocation is not None else ():
                name = result.request.partition("/")[0]
                asker = numbers.setdefault((position, names.get(name, name)), -1 - len(numbers))
                found.append((claim.name, result, asker))
        return found

    def _rating(self, devices: tuple[Placed, ...]) -> _Rating:
        rating = self._ratings.get(devices)
        if rating is None:
            alignment = aligned(devices, self._worths)
            rating = _Rating(alignment, lowest(alignment, self._worths), highest(alignment, self._worths))
            self._ratings[devices] = rating
        return rating


def _locations_of(wanted: Iterable[DeviceID], state: NodeState) -> dict[DeviceID, Location]:
    """The locations of some devices on a node; those that its slices do not list are left out."""
    by_pool: dict[tuple[str, str], list[DeviceID]] = {}
    for id_ in wanted:
        by_pool.setdefault((id_.driver, id_.pool), []).append(id_)
    found: dict[DeviceID, Location] = {}
    inventory = state.inventory
    for slice_, signature in zip(inventory.slices, inventory.signature.slices, strict=True):
        for id_ in by_pool.get(slice_.pool_id, ()):
            position = slice_.devices.names.positions.get(id_.device)
            if position is not None:
                found[id_] = signature.locations[position]
    return found
