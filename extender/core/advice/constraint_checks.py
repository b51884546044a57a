"""
Constraints of a claim against what the selected devices publish.

What a constraint covers only in some alternatives of a request, the claim can leave:
such a constraint never makes a claim impossible, so less is said of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from extender.model import AttributeKind

from ..allocator.compared_values import ValueClass
from ..allocator.device_verdict import SELECTED
from ..claims.compiled_claims import Alternative, CompiledClaims, ConstraintKind
from ..releases.release import Release
from ..topology.vocabulary import PCIE_ROOT
from .claim_warnings import ClaimWarning, Severity, WarningCode, warning
from .publications import Publication, Selected
from .survey import NodeGroup

_ELEMENTS = {
    AttributeKind.INTS: AttributeKind.INT,
    AttributeKind.BOOLS: AttributeKind.BOOL,
    AttributeKind.STRINGS: AttributeKind.STRING,
    AttributeKind.VERSIONS: AttributeKind.VERSION,
}


@dataclass(frozen=True, slots=True, eq=False)
class Covered:
    """
    A constraint and what it covers: alternatives by the name of their request.

    ``binding``: no covered request has an alternative outside.
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
        """The fewest devices that a covered request takes; one for *all*."""
        return min(1 if each.all_devices else each.request.count for each in self.requests[name])


def covered_by(compiled: CompiledClaims) -> list[Covered]:
    """Every constraint of the claims that compares what devices publish."""
    found = []
    for number, claim in enumerate(compiled.claims):
        for position, constraint in enumerate(claim.constraints):
            requests: dict[str, tuple[Alternative, ...]] = {}
            binding = True
            for request in claim.requests:
                inside = tuple(
                    each
                    for each in request.alternatives
                    if position in each.constraints and constraint.attribute not in dict(each.request.derived)
                )
                if inside:
                    requests[inside[0].base_name] = inside
                    binding = binding and len(inside) == len(request.alternatives)
            if requests:
                found.append(
                    Covered(number, position, constraint.kind, constraint.attribute, requests, binding)
                )
    return found


def publication_warnings(
    constraints: Sequence[Covered], selected: Mapping[int, Sequence[Selected]], release: Release
) -> Iterator[ClaimWarning]:
    """Devices that a constraint refuses, values that mean nothing, types that never match."""
    said: dict[tuple[ConstraintKind, str], dict[Publication, list[str]]] = {}
    for covered in constraints:
        of_attribute = said.setdefault((covered.kind, covered.attribute), {})
        for name, alternatives in covered.requests.items():
            for alternative in alternatives:
                for each in selected.get(alternative.index, ()):
                    of_attribute.setdefault(each.publications[covered.attribute], []).append(name)
    for (kind, attribute), publications in said.items():
        if not any(each.published for each in publications):
            continue  # a matter of spelling
        for publication, names in publications.items():
            yield from _about(publication, ", ".join(dict.fromkeys(names)), kind)
        if kind is ConstraintKind.MATCH:
            yield from _types(attribute, list(publications), release)
            flat = max(each.flat_nodes for each in publications)
            if attribute == PCIE_ROOT and flat:
                yield warning(WarningCode.FLAT_ROOT, Severity.WARNS, nodes=flat, attribute=attribute)


def _about(publication: Publication, request: str, kind: ConstraintKind) -> Iterator[ClaimWarning]:
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


def _types(attribute: str, said: Sequence[Publication], release: Release) -> Iterator[ClaimWarning]:
    types: dict[str, set[str]] = {}
    for publication in said:
        for kind in publication.kinds:
            counts_as = AttributeKind(kind)
            if release.features.list_type_attributes:
                counts_as = _ELEMENTS.get(counts_as, counts_as)
            types.setdefault(counts_as, set()).add(f"{kind} of {publication.driver}")
    if len(types) > 1:
        shown = ", ".join(sorted(each for found in types.values() for each in found))
        yield warning(WarningCode.ATTRIBUTE_TYPES_DIFFER, Severity.WARNS, attribute=attribute, types=shown)


def value_warnings(constraints: Sequence[Covered], empty: Sequence[NodeGroup]) -> Iterator[ClaimWarning]:
    """matchAttribute constraints that no node's devices can satisfy, by their values alone."""
    for covered in constraints:
        if covered.kind is not ConstraintKind.MATCH:
            continue
        counts = {name: covered.needed(name) for name in covered.requests}
        needed = sum(counts.values())
        if len(counts) > 1 and max(counts.values()) > 1:
            yield warning(
                WarningCode.COUNT_IS_NOT_PAIRS,
                Severity.NOTES,
                attribute=covered.attribute,
                needed=needed,
                requests=covered.names,
            )
        if not covered.binding:
            continue
        seen, common, most = _values(covered, empty)
        if seen and not common:
            if len(counts) > 1:
                yield warning(
                    WarningCode.NEVER_EQUAL,
                    Severity.WARNS,
                    attribute=covered.attribute,
                    requests=covered.names,
                )
        elif seen and most < needed:
            yield warning(
                WarningCode.TOO_FEW_TOGETHER,
                Severity.WARNS,
                attribute=covered.attribute,
                requests=covered.names,
                needed=needed,
                most=most,
            )


def _values(covered: Covered, empty: Sequence[NodeGroup]) -> tuple[bool, bool, int]:
    """
    Whether some node has a value for each request, whether some value is common, how many share one.
    """
    seen = common = False
    most = 0
    for group in empty:
        if group.view is None:
            continue
        by_request: dict[str, set[int]] = {}
        holders: Counter[int] = Counter()
        for candidate in group.view.placed.layout.candidates:
            values: set[int] = set()
            for name, alternatives in covered.requests.items():
                for alternative in alternatives:
                    if candidate.verdicts[alternative.judge] == SELECTED:
                        compared = alternative.compared[alternative.constraints.index(covered.position)]
                        own = _elements(candidate.classes[compared])
                        by_request.setdefault(name, set()).update(own)
                        values |= own
            holders.update(values)
        if len(by_request) < len(covered.requests) or not all(by_request.values()):
            continue
        seen = True
        shared = set.intersection(*by_request.values())
        if shared:
            common = True
            most = max(most, *(holders[value] for value in shared))
    return seen, common, most


def _elements(value: ValueClass) -> set[int]:
    """The numbers that a value can match by; none for what matches nothing."""
    if isinstance(value, frozenset):
        return set(value)
    return {value} if value >= 0 else set()


def separate_warnings(
    compiled: CompiledClaims, on_bus: Sequence[Collection[str]], selected: Mapping[int, Sequence[Selected]]
) -> Iterator[ClaimWarning]:
    """PCI devices in several claims; ``on_bus`` has the requests for such devices, by claim."""
    kinds: dict[int, set[str]] = {}
    for alternative in compiled.alternatives:
        if alternative.base_name in on_bus[alternative.claim]:
            kinds.setdefault(alternative.claim, set()).update(
                each.kind for each in selected.get(alternative.index, ())
            )
    if len(kinds) > 1:
        shown = ", ".join("+".join(sorted(each)) for each in kinds.values())
        yield warning(WarningCode.SEPARATE_CLAIMS, Severity.WARNS, claims=len(kinds), kinds=shown)
