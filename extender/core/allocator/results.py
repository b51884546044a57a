"""
From a solution to what the scheduler would write into the claims' status.

Source: k8s.io/dynamic-resource-allocation structured/internal allocator_*.go
Allocate (second half) and createNodeSelector, consumable_capacity.go capacityNameForStatus,
v0.34 to v0.38.0-beta.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from extender.model import (
    Allocation,
    AllocationConfig,
    DeviceID,
    DeviceResult,
    NodeRequirement,
    NodeSelector,
    NodeSelectorTerm,
)

from ..claims.compiled_claims import Alternative, CompiledClaim, CompiledClaims, InvalidClaims
from ..cluster.inventory import Inventory
from ..cluster.scoped_names import spelling
from ..reasons import ReasonCode, reason
from ..releases.release import Release
from .layout import NodeLayout
from .picking import Pick
from .search import Solution

SHARE_ID = "assigned-by-scheduler"
"""Stands for the random share ID that upstream makes up."""


def allocations(
    node_name: str,
    compiled: CompiledClaims,
    solution: Solution,
    node_layout: NodeLayout,
    inventory: Inventory,
    release: Release,
) -> tuple[Allocation, ...]:
    """
    One allocation per compiled claim, in their order.

    Raises ``InvalidClaims`` where upstream cannot form the node selector.
    """
    selected = dict(solution.selected)
    return tuple(
        Allocation(
            results=tuple(device_result(pick, compiled, node_layout, inventory, release) for pick in picks),
            config=tuple(_config(number, claim, selected, once=release.results.claim_config_once)),
            node_selector=_node_selector(node_name, picks, node_layout, inventory, release),
        )
        for number, (claim, picks) in enumerate(zip(compiled.claims, solution.picks, strict=True))
    )


def device_id(candidate: int, node_layout: NodeLayout, inventory: Inventory) -> DeviceID:
    """The device that a candidate stands for on this node."""
    slice_number, device_number = node_layout.positions[candidate]
    slice_ = inventory.slices[slice_number]
    return DeviceID(slice_.driver, slice_.pool, slice_.devices.names.values[device_number])


def device_result(
    pick: Pick, compiled: CompiledClaims, node_layout: NodeLayout, inventory: Inventory, release: Release
) -> DeviceResult:
    """One entry of ``status.allocation.devices.results``."""
    alternative = compiled.alternatives[pick.alternative]
    traits = node_layout.layout.candidates[pick.candidate].traits
    binding = release.features.binding_conditions
    slice_number, device_number = node_layout.positions[pick.candidate]
    slice_ = inventory.slices[slice_number]
    consumed = pick.consumed
    if consumed and release.capacity.scoped_names:
        published = slice_.devices.traits.values[device_number].capacity
        consumed = tuple((spelling(slice_.driver, name, published), amount) for name, amount in consumed)
    return DeviceResult(
        request=alternative.result_name,
        id=device_id(pick.candidate, node_layout, inventory),
        admin_access=alternative.admin,
        tolerations=alternative.request.tolerations if release.results.tolerations else (),
        binding_conditions=traits.binding_conditions if binding else (),
        binding_failure_conditions=traits.binding_failure_conditions if binding else (),
        share_id=SHARE_ID if consumed is not None else "",
        consumed_capacity=consumed or (),
        skip_node_operations=slice_.skip_node_operations if release.node_operations else (),
    )


def _config(
    number: int, claim: CompiledClaim, selected: Mapping[tuple[int, int], int], *, once: bool
) -> Iterable[AllocationConfig]:
    """
    Class configs once per class with all its requests, then the claim's.

    Those come once per request that they name, or ``once``; then a list of requests
    that covers all is left empty.
    """
    by_class: dict[str, list[Alternative]] = {}
    chosen = [
        request.alternatives[selected.get((number, position), 0)]
        for position, request in enumerate(claim.requests)
    ]

    def applying(names: tuple[str, ...]) -> tuple[str, ...]:
        covers_all = all(
            alternative.base_name in names or alternative.result_name in names for alternative in chosen
        )
        return () if once and covers_all else names

    for alternative in chosen:
        by_class.setdefault(alternative.device_class.name, []).append(alternative)
    for alternatives in by_class.values():
        names = tuple(alternative.result_name for alternative in alternatives)
        for config in alternatives[0].device_class.config:
            yield AllocationConfig("FromClass", applying(names), config)
    for entry in claim.spec.config:
        if not entry.requests:
            yield AllocationConfig("FromClaim", (), entry.config)
        for alternative in chosen:
            if alternative.base_name in entry.requests or alternative.result_name in entry.requests:
                yield AllocationConfig("FromClaim", applying(entry.requests), entry.config)
                if once:
                    break


def _node_selector(
    node_name: str, picks: Iterable[Pick], node_layout: NodeLayout, inventory: Inventory, release: Release
) -> NodeSelector | None:
    """This node if any device is local to it, else the union of the devices' requirements."""
    expressions: list[NodeRequirement] = []
    fields: list[NodeRequirement] = []
    for pick in picks:
        slice_number, device_number = node_layout.positions[pick.candidate]
        slice_ = inventory.slices[slice_number]
        traits = slice_.devices.traits.values[device_number]
        source = traits if slice_.per_device_node_selection else slice_
        if source.node_name or (traits.binds_to_node and release.results.binds_to_node):
            this_node = NodeRequirement("metadata.name", "In", (node_name,))
            return NodeSelector((NodeSelectorTerm(fields=(this_node,)),))
        terms = source.node_selector.terms if source.node_selector is not None else ()
        if len(terms) > 1:
            raise InvalidClaims(
                reason(
                    ReasonCode.NODE_SELECTOR,
                    where=f"slice {slice_.name}",
                    detail=f"{len(terms)} terms where one is allowed",
                )
            )
        for term in terms:
            _add_new(term.fields, fields)
            _add_new(term.expressions, expressions)
    if not fields and not expressions:
        return None
    return NodeSelector((NodeSelectorTerm(tuple(expressions), tuple(fields)),))


def _add_new(requirements: Iterable[NodeRequirement], known: list[NodeRequirement]) -> None:
    for requirement in requirements:
        if not any(
            (other.key, other.operator, set(other.values))
            == (requirement.key, requirement.operator, set(requirement.values))
            for other in known
        ):
            known.append(requirement)
