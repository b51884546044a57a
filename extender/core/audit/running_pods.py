"""
The pods that run, and the devices they hold.

A pod runs where it is bound to a node. It holds what its claims have been
allocated, whoever wrote the claims: the pod's author, a template, or the scheduler
for extended resources.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from extender.model import Claim, Consumer, DeviceID, DeviceResult, Pod

from ..alignment.bounds import highest, lowest
from ..alignment.pairs import Alignment
from ..alignment.worths import DEFAULT_WORTHS, Worths
from ..claims.askers import askers_of
from ..claims.pod_groups import is_pod_group
from ..cluster.snapshot import NodeState, Snapshot
from ..prediction.pod_alignment import Placed, aligned
from ..topology.driver_attributes import DeviceKind
from ..topology.locations import Location
from ..topology.vocabulary import Vocabulary
from .sharing import Sharing, sharing_of

_ALONE = Sharing({}, frozenset(), ())


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


# Pods in the same locations, mostly of one machine type, are rated once.
_Ratings = dict[tuple[Placed, ...], _Rating]


def running_pods(
    snapshot: Snapshot, worths: Worths = DEFAULT_WORTHS
) -> Iterator[RunningPod | tuple[Pod, Unrated]]:
    """
    Yield every bound pod that has claims, by node name, then namespace and name.

    A pod whose claims are all reserved for others has finished, and is left out. Costs
    what the pods and their devices cost; nodes without pods are never looked at.
    """
    ratings: _Ratings = {}
    known: list[tuple[Pod, tuple[Claim, ...]]] = []
    running: list[tuple[Pod, tuple[Claim, ...], bool]] = []
    for pod, claims in _with_claims(snapshot):
        held = tuple(claim for claim in claims if claim is not None and claim.allocation is not None)
        running.append((pod, held, len(held) == len(claims)))
        if len(held) == len(claims):
            known.append((pod, held))
    sharing = sharing_of(known)
    for pod, held, complete in running:
        state = snapshot.nodes.get(pod.node_name)
        how = sharing.get((pod.namespace, pod.name), _ALONE)
        if not complete:
            yield pod, Unrated.CLAIM_UNKNOWN
        elif state is None:
            yield pod, Unrated.NODE_UNKNOWN
        elif any(other.name < pod.name for other in how.companions):
            yield pod, Unrated.RATED_TOGETHER
        else:
            yield _on_node(pod, held, how, state, snapshot.vocabulary, ratings, worths)


def _with_claims(snapshot: Snapshot) -> Iterator[tuple[Pod, list[Claim | None]]]:
    """The bound pods that have claims and have not finished, in the order of ``running_pods``."""
    owned = _owned_claims(snapshot.claims)
    bound = (pod for pod in snapshot.pods.values() if pod.node_name)
    for pod in sorted(bound, key=lambda pod: (pod.node_name, pod.namespace, pod.name)):
        claims = _claims_of(pod, snapshot.claims, owned)
        if claims and not all(claim is not None and _is_of_others(claim, pod) for claim in claims):
            yield pod, claims


def _on_node(
    pod: Pod,
    claims: tuple[Claim, ...],
    sharing: Sharing,
    state: NodeState,
    vocabulary: Vocabulary,
    ratings: _Ratings,
    worths: Worths,
) -> RunningPod | tuple[Pod, Unrated]:
    results = [
        (claim, result, asker)
        for claim, result, asker in _results(claims, vocabulary)
        if claim not in sharing.used or result.request.partition("/")[0] in sharing.used[claim]
    ]
    if sum(not result.admin_access for _, result, _ in results) < 2:
        return pod, Unrated.FEW_DEVICES
    locations = _locations_of({result.id for _, result, _ in results}, state)
    devices = tuple(
        HeldDevice(claim, result, locations.get(result.id), asker) for claim, result, asker in results
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
    rating = _rated(tuple(placed for _, placed in working), ratings, worths)
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


def _results(claims: Sequence[Claim], vocabulary: Vocabulary) -> Iterator[tuple[str, DeviceResult, int]]:
    """Each device of the claims: the claim's name, the device, and its asker."""
    numbers: dict[tuple[int, str], int] = {}
    for position, claim in enumerate(claims):
        names = askers_of(claim.spec, vocabulary)
        for result in claim.allocation.results if claim.allocation is not None else ():
            name = result.request.partition("/")[0]
            asker = numbers.setdefault((position, names.get(name, name)), -1 - len(numbers))
            yield claim.name, result, asker


def _rated(devices: tuple[Placed, ...], ratings: _Ratings, worths: Worths) -> _Rating:
    rating = ratings.get(devices)
    if rating is None:
        alignment = aligned(devices, worths)
        rating = _Rating(alignment, lowest(alignment, worths), highest(alignment, worths))
        ratings[devices] = rating
    return rating


def _locations_of(wanted: set[DeviceID], state: NodeState) -> dict[DeviceID, Location]:
    """The locations of some devices on a node; those that its slices do not list are left out."""
    found: dict[DeviceID, Location] = {}
    inventory = state.inventory
    for slice_, signature in zip(inventory.slices, inventory.signature.slices, strict=True):
        positions, pool = slice_.devices.names.positions, slice_.pool_id
        for id_ in wanted:
            if id_.device in positions and (id_.driver, id_.pool) == pool:
                found[id_] = signature.locations[positions[id_.device]]
    return found


def _owned_claims(claims: Mapping[tuple[str, str], Claim]) -> dict[str, list[Claim]]:
    """Claims by the UID of the pod that owns them, each list by name."""
    owned: dict[str, list[Claim]] = {}
    for _, claim in sorted(claims.items()):
        if claim.owner_uid:
            owned.setdefault(claim.owner_uid, []).append(claim)
    return owned


def _claims_of(
    pod: Pod, claims: Mapping[tuple[str, str], Claim], owned: Mapping[str, list[Claim]]
) -> list[Claim | None]:
    """The pod's claims, each once, ``None`` for one that is missing; those for extended resources last."""
    own = owned.get(pod.uid, []) if pod.uid else []
    found: list[Claim | None] = []
    for entry in pod.claims:
        if not entry.needed:
            continue
        if entry.claim:
            claim = claims.get((pod.namespace, entry.claim))
        else:
            claim = next((each for each in own if each.pod_claim_name == entry.name), None)
        if claim is None or claim not in found:
            found.append(claim)
    return [*found, *(claim for claim in own if claim.extended_resource)]


def _is_of_others(claim: Claim, pod: Pod) -> bool:
    """Whether the claim is reserved, but not for this pod or its group. A dump may leave reservations out."""
    return bool(claim.reserved_for) and not any(_is_for(consumer, pod) for consumer in claim.reserved_for)


def _is_for(consumer: Consumer, pod: Pod) -> bool:
    if is_pod_group(consumer):
        return consumer.name == pod.pod_group
    return consumer.uid == pod.uid if pod.uid else consumer.name == pod.name
