"""
Soft alignment: a claim rewritten so that aligned devices are tried first.

The allocator takes the first devices that fit. A request with two subrequests that ask for the
same devices, ``aligned`` under a constraint and ``any`` without, makes it walk through all pairs on
one PCIe root before it settles for the pair that it would have taken. Two forms do so for a pair
of requests *a* and *b*, which come first in the claim, in this order:

1. ``a: [aligned, any]``, ``b: [aligned, any where the root is missing]``,
   ``match(root, [a/aligned, b/aligned])``.
   The search varies *b* first. If *b* could fall back to any device, it would do so while *a*
   still holds its first device, and aligned pairs further on would never be tried. So *b* falls
   back only to devices that cannot be in the constraint.
2. ``a: [aligned, any]``, ``b: [aligned, any, rest where X is missing]``,
   ``match(root, [a/aligned, b/aligned])``, ``match(X, [a/aligned, b/any])``.
   X is an attribute that both kinds publish and whose values they never share, such as the PCI
   address. So the second constraint cannot hold, and *b* cannot fall back before *a* has.

Why both are safe: once *a* has fallen back, *b* is alone in its constraints, and each of its
devices is in one of its subrequests. So a rewritten claim allows every set of devices that the
claim allows, and fits on every node where the claim does, whatever devices publish. ``hazards`` has
the devices that do harm by being tried; with those there is no rewrite.

A form is *exact* on a node if it finds an aligned pair whenever one is free: form 1 where every
device of *b* has the root, form 2 where every aligned device of *a* and every device of *b* has X
and no two of them share it. On a node where one NIC of four has no root, form 1 is exact with
the NIC as *a* if every GPU has one.

Source: k8s.io/dynamic-resource-allocation structured/internal allocator_*.go
allocateOne and matchAttributeConstraint, v0.34 to v0.37.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import NamedTuple

from extender.cel import OverBudget, Work
from extender.model import ClaimSpec

from ..claims.compiled_claims import InvalidClaims, compile_claims
from ..claims.preferences import ALIGNED, ANY, REST
from ..cluster.snapshot import Snapshot
from ..reasons import render
from ..topology.driver_attributes import OFF_BUS, PCI_BUS_ID, DeviceKind
from ..topology.vocabulary import Vocabulary
from .attribute_match import AttributeMatch
from .hazards import hazard_of
from .like_slices import LikeSlices, SliceColumns, like_slices, slice_columns
from .refusals import Refusal, RefusalCode, refusal
from .rewrite import Form, Rewrite, SubRequest, form_one, form_two, lacking, rewritten
from .selection import SelectedDevice, Selection, select

MAX_SELECTORS = 32
"""The API server's limit for the selectors of one request (``DeviceSelectorsMaxSize``)."""

SOFTEN_UNITS = 500_000
"""Units of work for compiling a claim and asking its selectors about all devices."""


def soften(spec: ClaimSpec, snapshot: Snapshot, slices: SliceColumns | None = None) -> Rewrite | Refusal:
    """
    The rewrite that is safe on the slices of the cluster, or why there is none.

    Deterministic: specs with the same requests and constraints get the same answer. Costs a look
    at every slice, one at the devices of each kind of slice, and ``SOFTEN_UNITS`` for the selectors. Of
    several safe rewrites, the one that is exact on the most nodes is taken; form 1 with the requests in
    the order of the claim is the first of equals. ``slices``: ``all_slices`` of the snapshot, where they are
    read already.
    """
    refused = _refused_as_written(spec)
    if refused is not None:
        return refused
    release = snapshot.release
    if not release.features.prioritized_list:
        return refusal(RefusalCode.NO_PRIORITIZED_LIST, release=release.version)
    work = Work(SOFTEN_UNITS)
    try:
        compiled = compile_claims([spec], snapshot.classes, release, work)
        like = like_slices(slices or all_slices(snapshot), compiled, snapshot.vocabulary)
        selection = select(compiled, like.firsts, release, work)
    except InvalidClaims as error:
        return refusal(RefusalCode.UNSUPPORTED_REQUEST, detail=render(error.reason).removeprefix("request "))
    except OverBudget:
        return refusal(RefusalCode.TOO_COSTLY, units=SOFTEN_UNITS)
    hazard = hazard_of(compiled, selection, snapshot)
    if hazard is not None:
        return hazard
    pair = _requests_to_align(spec, selection, snapshot.vocabulary)
    if isinstance(pair, Refusal):
        return pair
    return _rewrite_of(spec, pair, _devices_by_node(pair, selection, like, snapshot), snapshot)


def _refused_as_written(spec: ClaimSpec) -> Refusal | None:
    """What rules the claim out on any cluster."""
    for request in spec.requests:
        if request.first_available:
            code = RefusalCode.ALREADY_PRIORITIZED
            if tuple(exact.name for exact in request.first_available)[:2] == (ALIGNED, ANY):
                code = RefusalCode.ALREADY_REWRITTEN
            return refusal(code, request=request.name)
    for constraint in spec.constraints:
        attribute = constraint.match_attribute or constraint.distinct_attribute or "nothing known"
        return refusal(RefusalCode.ALREADY_CONSTRAINED, attribute=attribute)
    for request in spec.requests:
        exact = request.exactly
        if exact is None:
            continue
        if exact.mode != "ExactCount":
            return refusal(RefusalCode.ALL_MODE, request=request.name, mode=exact.mode)
        if exact.admin_access is not None:
            return refusal(RefusalCode.ADMIN_ACCESS, request=request.name)
        if exact.derived:
            return refusal(RefusalCode.DERIVED_ATTRIBUTES, request=request.name)
    return None


def all_slices(snapshot: Snapshot) -> SliceColumns:
    """Also the slices of pools and nodes that cannot be used at the moment: a claim outlives that."""
    by_pool = snapshot.slices.by_pool
    return slice_columns(chain.from_iterable(by_pool[pool] for pool in sorted(by_pool)))


# Where more than two requests are for PCI devices, these kinds are paired.
_PAIRED_FIRST = frozenset({DeviceKind.GPU, DeviceKind.ACCELERATOR, DeviceKind.NIC})


class _PairedRequest(NamedTuple):
    """One request of the pair, and the devices that it selects; ``number`` is its alternative's."""

    name: str
    number: int
    devices: tuple[SelectedDevice, ...]


_Pair = tuple[_PairedRequest, _PairedRequest]


class _LikeNodes(NamedTuple):
    """
    Nodes that a rewrite cannot tell apart.

    ``devices``: those of the two requests that each can reach, in the order of the pair. ``number``: how
    many nodes there are.
    """

    devices: tuple[Sequence[SelectedDevice], Sequence[SelectedDevice]]
    number: int


def _requests_to_align(spec: ClaimSpec, selection: Selection, vocabulary: Vocabulary) -> _Pair | Refusal:
    """
    The two requests to align, in the claim's order.

    Only requests that select PCI devices of one kind count. If there are more than two of them, the
    pair is the only request for GPUs (or accelerators) and the only one for NICs.
    """
    on_bus: list[tuple[_PairedRequest, DeviceKind]] = []
    described: list[str] = []
    for number, request in enumerate(spec.requests):
        devices = selection.devices[number]
        if not devices:
            exact = request.exactly
            class_ = exact.device_class if exact is not None else ""
            return refusal(RefusalCode.NO_DEVICES, request=request.name, class_=class_)
        kinds = {vocabulary.attributes(driver).kind for driver in {device.driver for device in devices}}
        described.append(f"{request.name}: {', '.join(sorted(kinds))}")
        if len(kinds) == 1 and not kinds & OFF_BUS:
            on_bus.append((_PairedRequest(request.name, number, devices), kinds.pop()))
    if len({kind for _, kind in on_bus}) < 2:
        return refusal(RefusalCode.NOT_TWO_KINDS, kinds="; ".join(described))
    pair = [paired for paired, _ in on_bus]
    if len(pair) > 2:
        pair = [paired for paired, kind in on_bus if kind in _PAIRED_FIRST]
        nics = sum(kind is DeviceKind.NIC for _, kind in on_bus)
        if len(pair) != 2 or nics != 1:
            names = ", ".join(paired.name for paired, _ in on_bus)
            return refusal(RefusalCode.SEVERAL_PAIRS, requests=names)
    for paired in pair:
        exact = spec.requests[paired.number].exactly
        if exact is not None and exact.count != 1:
            return refusal(RefusalCode.COUNT, request=paired.name, count=exact.count)
        if exact is not None and len(exact.selectors) >= MAX_SELECTORS:
            return refusal(RefusalCode.TOO_MANY_SELECTORS, request=paired.name, count=len(exact.selectors))
    return pair[0], pair[1]


def _rewrite_of(
    spec: ClaimSpec, pair: _Pair, by_node: Sequence[_LikeNodes], snapshot: Snapshot
) -> Rewrite | Refusal:
    """The best form under the first name for the root that both kinds share somewhere."""
    first, second = pair
    names = {"first": first.name, "second": second.name}
    refused: Refusal | None = None
    for attribute in _root_attributes(pair, snapshot.vocabulary):
        root = AttributeMatch(attribute, snapshot.release)
        if not all(any(map(root.accepts, paired.devices)) for paired in pair):
            continue
        # Such a device has the root, so no fallback selects it, and no constraint accepts it.
        lost = next(
            (device for paired in pair for device in paired.devices if root.rejects_value(device)), None
        )
        if lost is not None:
            return refusal(RefusalCode.NO_SAFE_FORM, device=lost.id, attribute=attribute)
        nodes = [like for like in by_node if root.holds_for_some(*like.devices, ignore_empty=True)]
        if not nodes:
            refused = refusal(RefusalCode.NOTHING_TO_GAIN, **names, attribute=attribute)
            continue
        best = max(_forms(pair, root, nodes, snapshot), key=lambda form: form.exact)
        rest = tuple(request.name for request in spec.requests if request.name not in names.values())
        return replace(best, order=(*best.order, *rest))
    return refused or refusal(RefusalCode.NO_COMMON_ATTRIBUTE, **names)


def _forms(
    pair: _Pair, root: AttributeMatch, nodes: Sequence[_LikeNodes], snapshot: Snapshot
) -> Iterator[Rewrite]:
    """Every form that there is, in order of preference; all are safe."""
    total = sum(like.number for like in nodes)
    swapped = [_LikeNodes(like.devices[::-1], like.number) for like in nodes]
    orders = ((pair, nodes), (pair[::-1], swapped))
    for (a, b), alike in orders:
        exact = sum(number for (_, of_b), number in alike if all(map(root.accepts, of_b)))
        yield form_one(a.name, b.name, root.attribute, total, exact)
    for (a, b), alike in orders:
        for name in _common_attributes(a, b, root):
            unshared = AttributeMatch(name, snapshot.release)
            if any(map(unshared.rejects_value, b.devices)) or any(map(unshared.aborts, a.devices)):
                continue
            exact = sum(
                number
                for (of_a, of_b), number in alike
                if all(unshared.accepts(device) for device in of_a if root.accepts(device))
                and all(map(unshared.accepts, of_b))
                and not unshared.holds_for_some(of_a, of_b)
            )
            yield form_two(a.name, b.name, (root.attribute, name), total, exact)


def _common_attributes(a: _PairedRequest, b: _PairedRequest, root: AttributeMatch) -> list[str]:
    """Attributes but the root that devices of both requests publish: the PCI address, then by name."""
    names = _published(a) & _published(b)
    names.discard(root.attribute)
    return sorted(names, key=lambda name: (name != PCI_BUS_ID, name))


def _published(paired: _PairedRequest) -> set[str]:
    """The attributes that any of the request's devices has."""
    names: set[str] = set()
    for device in paired.devices:
        # Most attributes are found on the first device.
        names.update(
            name
            for name in device.slice_.devices.heading.values
            if name not in names and device.value(name) is not None
        )
    return names


def _root_attributes(pair: _Pair, vocabulary: Vocabulary) -> list[str]:
    """The names under which every driver of both requests may publish the root, in order of trust."""
    drivers = sorted({device.driver for paired in pair for device in paired.devices})
    names = [vocabulary.attributes(driver).root for driver in drivers]
    return [name for name in names[0] if all(name in others for others in names)]


def _devices_by_node(
    pair: _Pair, selection: Selection, like: LikeSlices, snapshot: Snapshot
) -> list[_LikeNodes]:
    """The nodes that can reach devices of both requests, with these devices."""
    first_of = like.first_of
    counts = Counter(
        tuple([first_of.get(slice_.name, "") for slice_ in state.inventory.slices])
        for state in snapshot.nodes.values()
    )
    found = []
    for firsts, count in counts.items():
        slices = [selection.by_slice[first] for first in firsts if first in selection.by_slice]
        left, right = (
            [device for selected in slices for device in selected[paired.number]] for paired in pair
        )
        if left and right:
            found.append(_LikeNodes((left, right), count))
    return found


__all__ = [
    "ALIGNED",
    "ANY",
    "REST",
    "SubRequest",
    "Form",
    "Refusal",
    "Rewrite",
    "lacking",
    "rewritten",
    "soften",
]
