"""
The constraints that claims could carry to keep their devices together.

Each option is a full set of claims, to be predicted like any other: as written,
without any constraint on locations, and with one for each attribute that could serve.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from extender.model import ClaimSpec, Constraint, Request

from ..topology.vocabulary import NUMA_NODE, PCIE_ROOT, DriverAttributes, Vocabulary
from .publications import Selected

# Also under a domain that no driver uses: such a constraint means locations too.
_LOCATION_IDS = frozenset({"pcieroot", "numanode"})

Group = tuple[str, ...]
"""Names of the requests that one constraint covers."""


class OptionKind(StrEnum):
    AS_WRITTEN = "as-written"
    NONE = "none"
    MATCH = "match"
    SOFT = "soft"


@dataclass(frozen=True, slots=True)
class ConstraintOption:
    """
    ``specs``: the claims with matchAttribute ``attribute`` over each of the ``groups``,
    in place of whatever they said about locations; ``groups`` are parallel to ``specs``. A
    ``soft`` one prefers near devices (see ``soft_alignment``).
    ``one_claim``: the claims are put into one, since no constraint reaches over two.
    """

    kind: OptionKind
    specs: tuple[ClaimSpec, ...]
    attribute: str = ""
    groups: tuple[tuple[Group, ...], ...] = ()
    one_claim: bool = False


@dataclass(frozen=True, slots=True)
class Participants:
    """
    Requests of one claim with devices that have a location, in claim order.

    ``on_bus``: those of PCI devices; ``off_bus``: those of CPUs and memory. ``least``:
    the fewest devices that each request gets, two for *all*.
    """

    on_bus: Group
    off_bus: Group
    least: Mapping[str, int]
    publishes: Mapping[str, frozenset[str]]

    def devices(self, group: Group) -> int:
        return sum(self.least[name] for name in group)


def is_about_location(attribute: str | None, vocabulary: Vocabulary) -> bool:
    """Whether a matchAttribute on this keeps devices on a root, NUMA node or socket."""
    if attribute is None:
        return False
    return (
        attribute in _all_location_attributes(vocabulary)
        or attribute.rpartition("/")[2].lower() in _LOCATION_IDS
    )


def location_attributes(drivers: Sequence[str], vocabulary: Vocabulary) -> tuple[str, ...]:
    """Every attribute by which devices of the drivers could be kept together, standard ones first."""
    names = dict.fromkeys((PCIE_ROOT, NUMA_NODE))
    for driver in sorted(drivers):
        names.update(dict.fromkeys(_names(vocabulary.attributes(driver))))
    return tuple(names)


def participants(
    spec: ClaimSpec, first: int, selected: Mapping[int, Sequence[Selected]], names: Sequence[str]
) -> tuple[Participants, int]:
    """
    Who takes part in a claim whose alternatives are numbered from ``first``; also the next number.

    ``publishes``: of ``names``, those that some selected device of a request has.
    """
    on_bus: list[str] = []
    off_bus: list[str] = []
    least: dict[str, int] = {}
    publishes: dict[str, frozenset[str]] = {}
    for request in spec.requests:
        exact = (request.exactly,) if request.exactly is not None else request.first_available
        found = [each for index in range(first, first + len(exact)) for each in selected.get(index, ())]
        first += len(exact)
        if any(each.admin_access for each in exact) or not found:
            continue
        least[request.name] = min(each.count if each.mode == "ExactCount" else 2 for each in exact)
        publishes[request.name] = frozenset(
            name
            for name in names
            if any(each.publications[name].published for each in found if name in each.publications)
        )
        (on_bus if any(each.on_bus for each in found) else off_bus).append(request.name)
    return Participants(tuple(on_bus), tuple(off_bus), least, publishes), first


def constraint_options(
    specs: Sequence[ClaimSpec],
    claim_names: Sequence[str],
    taking_part: Sequence[Participants],
    attributes: Sequence[str],
    vocabulary: Vocabulary,
) -> tuple[ConstraintOption, ...]:
    """
    Every option for the claims of a pod: as written, none, then by attribute.

    ``attributes``: those to try; beyond the two standard ones only where each request of a
    group has devices that publish it. Where several claims hold devices that could be
    kept together, the options for one claim of all come last.
    """
    bare = tuple(_without_location_constraints(spec, vocabulary) for spec in specs)
    options = [
        ConstraintOption(OptionKind.AS_WRITTEN, tuple(specs)),
        ConstraintOption(OptionKind.NONE, bare),
    ]
    options += _matching(specs, bare, taking_part, attributes, vocabulary, one_claim=False)
    if sum(bool(each.on_bus or each.off_bus) for each in taking_part) > 1:
        merged, together = _merged(specs, claim_names, taking_part)
        options += _matching(
            (merged,),
            (_without_location_constraints(merged, vocabulary),),
            (together,),
            attributes,
            vocabulary,
            one_claim=True,
        )
    return tuple(options)


def _matching(
    specs: Sequence[ClaimSpec],
    bare: Sequence[ClaimSpec],
    taking_part: Sequence[Participants],
    attributes: Sequence[str],
    vocabulary: Vocabulary,
    *,
    one_claim: bool,
) -> list[ConstraintOption]:
    options: dict[tuple[str, tuple[frozenset[Group], ...]], ConstraintOption] = {}
    for attribute in attributes:
        on_roots = attribute == PCIE_ROOT
        ways = [
            *_written_groups(specs, taking_part, vocabulary),
            [_all_of(who, who.on_bus) for who in taking_part],
        ]
        if not on_roots:
            ways.append(
                [_all_of(who, _ordered(spec, who)) for spec, who in zip(specs, taking_part, strict=True)]
            )
        for groups in ways:
            if not any(groups) or not _serves(attribute, groups, taking_part):
                continue
            key = (attribute, tuple(frozenset(each) for each in groups))
            if key not in options:
                options[key] = ConstraintOption(
                    OptionKind.MATCH,
                    tuple(
                        _with_constraints(spec, attribute, each)
                        for spec, each in zip(bare, groups, strict=True)
                    ),
                    attribute,
                    tuple(groups),
                    one_claim,
                )
    return list(options.values())


def _serves(attribute: str, groups: Sequence[tuple[Group, ...]], taking_part: Sequence[Participants]) -> bool:
    """The standard names are always worth a word; others only where all can have them."""
    if attribute in (PCIE_ROOT, NUMA_NODE):
        return True
    return all(
        attribute in who.publishes.get(name, frozenset())
        for each, who in zip(groups, taking_part, strict=True)
        for group in each
        for name in group
    )


def _written_groups(
    specs: Sequence[ClaimSpec], taking_part: Sequence[Participants], vocabulary: Vocabulary
) -> list[list[tuple[Group, ...]]]:
    """What the claims keep together as written, for each attribute by which they do."""
    found: dict[str, list[dict[Group, None]]] = {}
    for number, (spec, who) in enumerate(zip(specs, taking_part, strict=True)):
        known = {*who.on_bus, *who.off_bus}
        for constraint in spec.constraints:
            attribute = constraint.match_attribute
            if attribute is None or not is_about_location(attribute, vocabulary):
                continue
            covered = constraint.requests or tuple(request.name for request in spec.requests)
            group = tuple(name for name in covered if name in known)
            if who.devices(group) > 1:
                found.setdefault(attribute, [{} for _ in specs])[number][group] = None
    return [[tuple(groups) for groups in of_claims] for of_claims in found.values()]


def _all_of(who: Participants, group: Group) -> tuple[Group, ...]:
    return (group,) if who.devices(group) > 1 else ()


def _ordered(spec: ClaimSpec, who: Participants) -> Group:
    everyone = {*who.on_bus, *who.off_bus}
    return tuple(request.name for request in spec.requests if request.name in everyone)


def _without_location_constraints(spec: ClaimSpec, vocabulary: Vocabulary) -> ClaimSpec:
    kept = tuple(each for each in spec.constraints if not is_about_location(each.match_attribute, vocabulary))
    return spec if len(kept) == len(spec.constraints) else _rewritten(spec, spec.requests, kept)


def _with_constraints(spec: ClaimSpec, attribute: str, groups: Sequence[Group]) -> ClaimSpec:
    if not groups:
        return spec
    added = tuple(Constraint(requests=group, match_attribute=attribute) for group in groups)
    return _rewritten(spec, spec.requests, (*spec.constraints, *added))


def _merged(
    specs: Sequence[ClaimSpec], claim_names: Sequence[str], taking_part: Sequence[Participants]
) -> tuple[ClaimSpec, Participants]:
    """All claims as one, in their order; requests of one name get that of their claim in front."""
    taken = [request.name for spec in specs for request in spec.requests]
    requests: list[Request] = []
    constraints: list[Constraint] = []
    on_bus: list[str] = []
    off_bus: list[str] = []
    least: dict[str, int] = {}
    publishes: dict[str, frozenset[str]] = {}
    for spec, claim, who in zip(specs, claim_names, taking_part, strict=True):
        names = {
            each.name: each.name if taken.count(each.name) == 1 else f"{claim}-{each.name}"
            for each in spec.requests
        }
        requests += [_renamed(each, names[each.name]) for each in spec.requests]
        constraints += [
            replace(each, requests=tuple(_path(path, names) for path in each.requests or names))
            for each in spec.constraints
        ]
        on_bus += [names[name] for name in who.on_bus]
        off_bus += [names[name] for name in who.off_bus]
        least |= {names[name]: count for name, count in who.least.items()}
        publishes |= {names[name]: found for name, found in who.publishes.items()}
    merged = _rewritten(ClaimSpec("+".join(spec.fingerprint for spec in specs)), requests, constraints)
    return merged, Participants(tuple(on_bus), tuple(off_bus), least, publishes)


def _renamed(request: Request, name: str) -> Request:
    exactly = None if request.exactly is None else replace(request.exactly, name=name)
    return replace(request, name=name, exactly=exactly)


def _path(path: str, names: Mapping[str, str]) -> str:
    request, slash, sub = path.partition("/")
    return names.get(request, request) + slash + sub


def _rewritten(spec: ClaimSpec, requests: Sequence[Request], constraints: Sequence[Constraint]) -> ClaimSpec:
    """A spec of its own: equal ones are recognised by their fingerprints alone."""
    names = ",".join(request.name for request in requests)
    return ClaimSpec(
        f"{spec.fingerprint}:{names}:{tuple(constraints)!r}", tuple(requests), tuple(constraints), spec.config
    )


def _names(driver: DriverAttributes) -> tuple[str, ...]:
    return (*driver.root, *driver.root_bus, *driver.numa, *driver.socket)


def _all_location_attributes(vocabulary: Vocabulary) -> frozenset[str]:
    return frozenset(
        name for driver in (*vocabulary.drivers.values(), vocabulary.unknown) for name in _names(driver)
    )
