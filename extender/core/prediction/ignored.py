"""What drivers publish or claims ask for and the release takes no notice of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from extender.model import DeviceID, DeviceTraits, ExactRequest

from ..claims.plan import Plan
from ..cluster.snapshot import Snapshot
from ..cluster.taints import taints_block
from ..releases.release import DistinctRule
from .verdict import NodeVerdict


class IgnoredCode(StrEnum):
    """
    ``TAINTS``: devices are predicted whose taints the request does not tolerate.
    ``DISTINCT_ATTRIBUTE``: a constraint that keeps no two devices apart.
    """

    TAINTS = "taints"
    DISTINCT_ATTRIBUTE = "distinct-attribute"


@dataclass(frozen=True, slots=True)
class Ignored:
    """
    ``gate``: off, and with it on the release takes notice; empty if there is none in this minor.
    ``by``: keys of taints or attributes of constraints, sorted. ``nodes``: where it matters, sorted.
    """

    code: IgnoredCode
    gate: str
    by: tuple[str, ...]
    nodes: tuple[str, ...]


def ignored(plan: Plan, snapshot: Snapshot, verdicts: Mapping[str, NodeVerdict]) -> tuple[Ignored, ...]:
    """What the release ignores on the nodes of ``verdicts``."""
    return (*_taints(plan, snapshot, verdicts), *_distinct(plan, snapshot, verdicts))


def _distinct(plan: Plan, snapshot: Snapshot, verdicts: Mapping[str, NodeVerdict]) -> Iterator[Ignored]:
    if snapshot.release.distinct is not DistinctRule.NEVER_EQUAL:
        return
    attributes = {each.distinct_attribute for spec in plan.specs for each in spec.constraints}
    named = tuple(sorted(attribute for attribute in attributes if attribute))
    nodes = tuple(sorted(name for name, verdict in verdicts.items() if verdict.devices))
    if named and nodes:
        yield Ignored(IgnoredCode.DISTINCT_ATTRIBUTE, "", named, nodes)


def _taints(plan: Plan, snapshot: Snapshot, verdicts: Mapping[str, NodeVerdict]) -> Iterator[Ignored]:
    if snapshot.release.features.device_taints:
        return
    requests = dict(_requests(plan))
    keys: set[str] = set()
    nodes: set[str] = set()
    for name, verdict in verdicts.items():
        wanted = [device for device in verdict.devices if not device.allocated]
        traits = _traits(snapshot, name) if wanted else {}
        for device in wanted:
            request = requests.get((device.claim, device.result.request))
            taints = traits[device.result.id].taints
            if taints and taints_block(taints, request.tolerations if request is not None else ()):
                keys |= {taint.key for taint in taints}
                nodes.add(name)
    if nodes:
        yield Ignored(IgnoredCode.TAINTS, "DRADeviceTaints", tuple(sorted(keys)), tuple(sorted(nodes)))


def _requests(plan: Plan) -> Iterator[tuple[tuple[str, str], ExactRequest]]:
    for claim in plan.claims.pending:
        for request in claim.spec.requests:
            if request.exactly is not None:
                yield (claim.name, request.name), request.exactly
            for each in request.first_available:
                yield (claim.name, f"{request.name}/{each.name}"), each


def _traits(snapshot: Snapshot, node: str) -> dict[DeviceID, DeviceTraits]:
    return {
        DeviceID(slice_.driver, slice_.pool, name): traits
        for slice_ in snapshot.nodes[node].inventory.slices
        for name, traits in zip(slice_.devices.names.values, slice_.devices.traits.values, strict=True)
    }
