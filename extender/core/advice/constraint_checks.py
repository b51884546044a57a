"""
Constraints of a claim against what the selected devices publish.

If a constraint covers only some alternatives of a request, the allocator can take another
alternative. Such a constraint never makes a claim impossible, so it gets fewer warnings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from extender.model import AttributeKind

from ..allocator.compared_values import ELEMENT_KIND, ValueClass
from ..allocator.selector_result import SelectorResult
from ..claims.compiled_claims import Alternative, CompiledClaims, ConstraintKind
from ..releases.release import Release
from ..topology.vocabulary import PCIE_ROOT
from .claim_warnings import ClaimWarning, Severity, WarningCode, warning
from .publications import Publication, Selected
from .survey import NodeGroup


@dataclass(frozen=True, slots=True, eq=False)
class ConstraintCoverage:
    """
    A constraint and what it covers: alternatives by the name of their request.

    ``claim`` and ``position``: the constraint's claim, and its position there. ``binding``: the
    constraint covers every alternative of each request that it covers at all.
    """

    claim: int
    position: int
    kind: ConstraintKind
    attribute: str
    requests: Mapping[str, tuple[Alternative, ...]]
    binding: bool

    @property
    def names(self) -> str:
        return ", ".join(self.requests)

    def needed(self, name: str) -> int:
        """The fewest devices that a covered request takes; 1 for a request for all devices."""
        return min(
            1 if alternative.all_devices else alternative.request.count for alternative in self.requests[name]
        )


def coverages(compiled: CompiledClaims) -> list[ConstraintCoverage]:
    """Every constraint of the claims that compares what devices publish, in the claims' order."""
    result = []
    for number, claim in enumerate(compiled.claims):
        for position, constraint in enumerate(claim.constraints):
            requests: dict[str, tuple[Alternative, ...]] = {}
            binding = True
            for request in claim.requests:
                covered = tuple(
                    alternative
                    for alternative in request.alternatives
                    if position in alternative.constraints
                    and constraint.attribute not in dict(alternative.request.derived)
                )
                if covered:
                    requests[covered[0].base_name] = covered
                    binding = binding and len(covered) == len(request.alternatives)
            if requests:
                result.append(
                    ConstraintCoverage(
                        number, position, constraint.kind, constraint.attribute, requests, binding
                    )
                )
    return result


def publication_warnings(
    constraints: Sequence[ConstraintCoverage], selected: Mapping[int, Sequence[Selected]], release: Release
) -> Iterator[ClaimWarning]:
    """Devices that a constraint refuses, values that mean unknown, types that never match."""
    # By kind of constraint and attribute: what is published, and the names of the covered requests.
    by_attribute: dict[tuple[ConstraintKind, str], dict[Publication, list[str]]] = {}
    for coverage in constraints:
        requests = by_attribute.setdefault((coverage.kind, coverage.attribute), {})
        for name, alternatives in coverage.requests.items():
            for alternative in alternatives:
                for of_driver in selected.get(alternative.index, ()):
                    requests.setdefault(of_driver.publications[coverage.attribute], []).append(name)
    for (kind, attribute), publications in by_attribute.items():
        # What nobody publishes at all is a matter for the checks of spelling.
        if not any(publication.published for publication in publications):
            continue
        for publication, names in publications.items():
            yield from _device_warnings(publication, ", ".join(dict.fromkeys(names)), kind)
        if kind is ConstraintKind.MATCH:
            yield from _type_warnings(attribute, list(publications), release)
            flat = max(publication.flat_nodes for publication in publications)
            if attribute == PCIE_ROOT and flat:
                yield warning(WarningCode.FLAT_ROOT, Severity.WARNS, nodes=flat, attribute=attribute)


def _device_warnings(publication: Publication, request: str, kind: ConstraintKind) -> Iterator[ClaimWarning]:
    """Devices of one driver without the attribute, and those whose value means unknown."""
    common = {"request": request, "driver": publication.driver, "attribute": publication.attribute}
    if publication.published == 0:
        yield warning(
            WarningCode.ATTRIBUTE_NEVER_PUBLISHED, Severity.WARNS, **common, devices=publication.devices
        )
    elif publication.missing:
        yield warning(
            WarningCode.ATTRIBUTE_PARTLY_PUBLISHED,
            Severity.WARNS,
            **common,
            missing=publication.missing,
            devices=publication.devices,
        )
    if kind is ConstraintKind.MATCH:
        for value, devices in publication.nothing:
            yield warning(
                WarningCode.ATTRIBUTE_SAYS_NOTHING, Severity.WARNS, **common, value=value, devices=devices
            )


def _type_warnings(
    attribute: str, publications: Sequence[Publication], release: Release
) -> Iterator[ClaimWarning]:
    """Types of one attribute that never match; a list counts as its elements where lists are sets."""
    types: dict[str, set[str]] = {}
    for publication in publications:
        for kind in publication.kinds:
            counts_as = AttributeKind(kind)
            if release.features.list_type_attributes:
                counts_as = ELEMENT_KIND.get(counts_as, counts_as)
            types.setdefault(counts_as, set()).add(f"{kind} of {publication.driver}")
    if len(types) > 1:
        shown = ", ".join(sorted(name for names in types.values() for name in names))
        yield warning(WarningCode.ATTRIBUTE_TYPES_DIFFER, Severity.WARNS, attribute=attribute, types=shown)


def value_warnings(
    constraints: Sequence[ConstraintCoverage], empty: Sequence[NodeGroup], release: Release
) -> Iterator[ClaimWarning]:
    """matchAttribute constraints that no node's devices can satisfy, by their values alone."""
    sharing = release.features.consumable_capacity
    for coverage in constraints:
        if coverage.kind is not ConstraintKind.MATCH:
            continue
        counts = {name: coverage.needed(name) for name in coverage.requests}
        needed = sum(counts.values())
        if len(counts) > 1 and max(counts.values()) > 1:
            yield warning(
                WarningCode.COUNT_IS_NOT_PAIRS,
                Severity.NOTES,
                attribute=coverage.attribute,
                needed=needed,
                requests=coverage.names,
            )
        if not coverage.binding:
            continue
        values = _values_on_nodes(coverage, empty, needed if sharing else 1)
        if values.on_some_node and not values.in_common:
            if len(counts) > 1:
                yield warning(
                    WarningCode.NEVER_EQUAL,
                    Severity.WARNS,
                    attribute=coverage.attribute,
                    requests=coverage.names,
                )
        elif values.on_some_node and values.most_with_one < needed:
            yield warning(
                WarningCode.TOO_FEW_TOGETHER,
                Severity.WARNS,
                attribute=coverage.attribute,
                requests=coverage.names,
                needed=needed,
                most=values.most_with_one,
            )


class _Values(NamedTuple):
    """
    What the values of a constraint's attribute allow on the nodes.

    ``on_some_node``: some node has a value for each covered request. ``in_common``: some node has
    a value that devices of all covered requests share. ``most_with_one``: the most devices of one
    node that have one such value.
    """

    on_some_node: bool
    in_common: bool
    most_with_one: int


def _values_on_nodes(coverage: ConstraintCoverage, empty: Sequence[NodeGroup], shares: int) -> _Values:
    """``shares``: as how many devices one counts that can be allocated several times."""
    on_some_node = in_common = False
    most_with_one = 0
    for group in empty:
        if group.view is None:
            continue
        by_request: dict[str, set[int]] = {}
        holders: Counter[int] = Counter()
        for candidate in group.view.node_layout.layout.candidates:
            values: set[int] = set()
            for name, alternatives in coverage.requests.items():
                for alternative in alternatives:
                    if candidate.selector_results[alternative.selectors_of] is SelectorResult.SELECTED:
                        compared = alternative.compared[alternative.constraints.index(coverage.position)]
                        own = _elements(candidate.classes[compared])
                        by_request.setdefault(name, set()).update(own)
                        values |= own
            times = shares if candidate.traits.allow_multiple_allocations else 1
            holders.update(dict.fromkeys(values, times))
        if len(by_request) < len(coverage.requests) or not all(by_request.values()):
            continue
        on_some_node = True
        shared = set.intersection(*by_request.values())
        if shared:
            in_common = True
            most_with_one = max(most_with_one, *(holders[value] for value in shared))
    return _Values(on_some_node, in_common, most_with_one)


def _elements(value: ValueClass) -> set[int]:
    """The numbers that a value can match by; none for what matches nothing."""
    if isinstance(value, frozenset):
        return set(value)
    return {value} if value >= 0 else set()


def separate_warnings(
    compiled: CompiledClaims,
    on_bus: Sequence[Collection[str]],
    selected: Mapping[int, Sequence[Selected]],
    apart: Collection[int] = (),
) -> Iterator[ClaimWarning]:
    """
    PCI devices in several claims; ``on_bus``: for each claim, its requests for such devices.

    ``apart``: alternatives whose devices shall not be together.
    """
    kinds: dict[int, set[str]] = {}
    for alternative in compiled.alternatives:
        if alternative.base_name in on_bus[alternative.claim] and alternative.index not in apart:
            kinds.setdefault(alternative.claim, set()).update(
                of_driver.kind for of_driver in selected.get(alternative.index, ())
            )
    if len(kinds) > 1:
        shown = ", ".join("+".join(sorted(of_claim)) for of_claim in kinds.values())
        yield warning(WarningCode.SEPARATE_CLAIMS, Severity.WARNS, claims=len(kinds), kinds=shown)
