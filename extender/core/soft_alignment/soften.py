"""
Soft alignment: a claim rewritten so that aligned devices are tried first.

The allocator takes the first devices that fit. Requests with two alternatives that ask for the
same, ``aligned`` under a constraint and ``any`` without, make it walk through all pairs on one
PCIe root before it settles for the pair that it would have taken. Two forms do so for a pair of
requests *a* and *b*, which come first in the claim, in this order:

1. ``a: [aligned, any]``, ``b: [aligned, any where the root is missing]``, ``match(root, [a/aligned,
   b/aligned])``. ``b`` falls back only to devices that cannot be in the constraint, lest the
   search falls back there before it tries the next device of ``a``.
2. ``a: [aligned, any]``, ``b: [aligned, any, rest where X is missing]``, ``match(root, [a/aligned,
   b/aligned])``, ``match(X, [a/aligned, b/any])``. X is an attribute whose values differ between the two
   kinds, so that the second constraint cannot hold, and forbids ``b`` to fall back before ``a`` has.

When ``a`` has fallen back, ``b`` is alone in its constraints, and each of its devices is in one
of its alternatives. So a rewritten claim allows every set of devices that the claim allows, and
fits on every node where the claim does, whatever devices publish; ``soft_hazards`` has what could still
stand in the way. A form is *exact* on a node if an aligned pair is found whenever one is
free: form 1 where every device of ``b`` has the root, form 2 where every one has X.

Source: k8s.io/dynamic-resource-allocation structured/internal allocator_*.go
allocateOne and matchAttributeConstraint, v0.34 to v0.37.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from extender.model import ClaimSpec, ResourceSlice

from ..claims.compiled_claims import InvalidClaims, compile_claims
from ..cluster.snapshot import Snapshot
from ..reasons import render
from ..topology.driver_attributes import OFF_BUS, PCI_BUS_ID, DeviceKind
from ..topology.vocabulary import Vocabulary
from .attribute_match import AttributeMatch
from .hazards import hazard_of
from .refusals import Refusal, RefusalCode, refusal
from .rewrite import ALIGNED, ANY, REST, Form, Rewrite, SubRequest, form_one, form_two, lacking, rewritten
from .selection import SelectedDevice, Selection, select

MAX_SELECTORS = 32
"""``DeviceSelectorsMaxSize``."""


def soften(spec: ClaimSpec, snapshot: Snapshot) -> Rewrite | Refusal:
    """
    The rewrite that is safe on the slices of the cluster, or why there is none.

    Deterministic, and the same for all specs that say the same. Costs a look at every device.
    """
    refused = _refused_as_written(spec)
    if refused is not None:
        return refused
    release = snapshot.release
    if not release.features.prioritized_list:
        return refusal(RefusalCode.NO_PRIORITIZED_LIST, release=release.version)
    try:
        compiled = compile_claims([spec], snapshot.classes, release)
    except InvalidClaims as why:
        return refusal(RefusalCode.UNSUPPORTED_REQUEST, detail=render(why.reason).removeprefix("request "))
    selection = select(compiled, _slices(snapshot), release)
    hazard = hazard_of(compiled, selection, snapshot)
    if hazard is not None:
        return hazard
    pair = _pair(spec, selection, snapshot.vocabulary)
    if isinstance(pair, Refusal):
        return pair
    return _softened(spec, pair, selection, snapshot)


def _refused_as_written(spec: ClaimSpec) -> Refusal | None:
    """What rules the claim out on any cluster."""
    for request in spec.requests:
        if request.first_available:
            code = RefusalCode.ALREADY_PRIORITIZED
            if tuple(each.name for each in request.first_available)[:2] == (ALIGNED, ANY):
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


def _slices(snapshot: Snapshot) -> Iterator[ResourceSlice]:
    """All there are, also those of pools and nodes that cannot be used at the moment."""
    for pool in sorted(snapshot.slices.by_pool):
        yield from snapshot.slices.by_pool[pool]


class _Side(NamedTuple):
    """One request of the pair, and the devices that it selects; ``number`` is its alternative's."""

    name: str
    number: int
    devices: tuple[SelectedDevice, ...]


def _pair(spec: ClaimSpec, selection: Selection, vocabulary: Vocabulary) -> tuple[_Side, _Side] | Refusal:
    """The two requests to align, in the claim's order: the only two, or one of GPUs and one of NICs."""
    on_bus: list[tuple[_Side, DeviceKind]] = []
    kinds: list[str] = []
    for number, request in enumerate(spec.requests):
        devices = selection.devices[number]
        if not devices:
            exact = request.exactly
            class_ = exact.device_class if exact is not None else ""
            return refusal(RefusalCode.NO_DEVICES, request=request.name, class_=class_)
        found = {vocabulary.attributes(driver).kind for driver in {each.driver for each in devices}}
        kinds.append(f"{request.name}: {', '.join(sorted(found))}")
        if len(found) == 1 and not found & OFF_BUS:
            on_bus.append((_Side(request.name, number, devices), found.pop()))
    if len({kind for _, kind in on_bus}) < 2:
        return refusal(RefusalCode.NOT_TWO_KINDS, kinds="; ".join(kinds))
    pair = [side for side, _ in on_bus]
    if len(pair) > 2:
        pair = [
            side for side, kind in on_bus if kind in (DeviceKind.GPU, DeviceKind.ACCELERATOR, DeviceKind.NIC)
        ]
        nics = sum(kind is DeviceKind.NIC for _, kind in on_bus)
        if len(pair) != 2 or nics != 1:
            names = ", ".join(side.name for side, _ in on_bus)
            return refusal(RefusalCode.SEVERAL_PAIRS, requests=names)
    for side in pair:
        exact = spec.requests[side.number].exactly
        if exact is not None and exact.count != 1:
            return refusal(RefusalCode.COUNT, request=side.name, count=exact.count)
        if exact is not None and len(exact.selectors) >= MAX_SELECTORS:
            return refusal(RefusalCode.TOO_MANY_SELECTORS, request=side.name, count=len(exact.selectors))
    return pair[0], pair[1]


def _softened(
    spec: ClaimSpec, pair: tuple[_Side, _Side], selection: Selection, snapshot: Snapshot
) -> Rewrite | Refusal:
    first, second = pair
    names = {"first": first.name, "second": second.name}
    refused: Refusal | None = None
    for attribute in _root_names(pair, snapshot.vocabulary):
        root = AttributeMatch(attribute, snapshot.release)
        if not all(any(map(root.accepts, side.devices)) for side in pair):
            continue
        strange = next((each for side in pair for each in side.devices if root.rejects_value(each)), None)
        if strange is not None:
            return refusal(RefusalCode.NO_SAFE_FORM, device=strange.id, attribute=attribute)
        nodes = [
            devices
            for devices in _by_node(pair, selection, snapshot)
            if root.holds_for_some(*devices, ignore_empty=True)
        ]
        if not nodes:
            refused = refusal(RefusalCode.NOTHING_TO_GAIN, **names, attribute=attribute)
            continue
        best = max(_forms(pair, root, nodes, snapshot), key=lambda form: form.exact)
        rest = tuple(each.name for each in spec.requests if each.name not in names.values())
        return replace(best, order=(*best.order, *rest))
    return refused or refusal(RefusalCode.NO_COMMON_ATTRIBUTE, **names)


_Devices = tuple[Sequence[SelectedDevice], Sequence[SelectedDevice]]
# Of both requests, in the claim's order, as one node can reach them.


def _forms(
    pair: tuple[_Side, _Side], root: AttributeMatch, nodes: Sequence[_Devices], snapshot: Snapshot
) -> Iterator[Rewrite]:
    """Every form that there is, in order of preference; all are safe."""
    swapped = [(right, left) for left, right in nodes]
    sides = ((pair, nodes), (pair[::-1], swapped))
    for (a, b), devices in sides:
        exact = sum(all(map(root.accepts, of_b)) for _, of_b in devices)
        yield form_one(a.name, b.name, root.attribute, len(nodes), exact)
    for (a, b), devices in sides:
        for name in _names_apart(a, b, root):
            apart = AttributeMatch(name, snapshot.release)
            if any(map(apart.rejects_value, b.devices)):
                continue
            exact = sum(
                all(apart.accepts(each) for each in of_a if root.accepts(each))
                and all(map(apart.accepts, of_b))
                and not apart.holds_for_some(of_a, of_b)
                for of_a, of_b in devices
            )
            yield form_two(a.name, b.name, (root.attribute, name), len(nodes), exact)


def _names_apart(a: _Side, b: _Side, root: AttributeMatch) -> list[str]:
    """Attributes that some device of each kind publishes, the PCI address first, then by name."""
    names = {name for each in a.devices for name in each.device.attributes}
    names &= {name for each in b.devices for name in each.device.attributes}
    names.discard(root.attribute)
    return sorted(names, key=lambda name: (name != PCI_BUS_ID, name))


def _root_names(pair: tuple[_Side, _Side], vocabulary: Vocabulary) -> list[str]:
    """The names under which every driver of both requests may publish the root, in order of trust."""
    drivers = sorted({each.driver for side in pair for each in side.devices})
    names = [vocabulary.attributes(driver).root for driver in drivers]
    return [name for name in names[0] if all(name in others for others in names)]


def _by_node(
    pair: tuple[_Side, _Side], selection: Selection, snapshot: Snapshot
) -> Iterator[tuple[list[SelectedDevice], list[SelectedDevice]]]:
    """The devices of both requests that each node can reach."""
    for state in snapshot.nodes.values():
        found = [
            selection.by_slice[each.name]
            for each in state.inventory.slices
            if each.name in selection.by_slice
        ]
        left, right = ([each for of in found for each in of[side.number]] for side in pair)
        if left and right:
            yield left, right


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
