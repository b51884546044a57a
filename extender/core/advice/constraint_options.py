"""
The constraints that claims could carry to keep their devices together.

Each option is a full set of claims, to be predicted like any other: as written,
without any constraint on locations, and with one for each attribute that could serve.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from extender.model import ClaimSpec, Constraint, Request

from ..topology.vocabulary import NUMA_NODE, PCIE_ROOT, DriverAttributes, Vocabulary
from .groupings import Groupings, Members
from .publications import Selected

# Also under a domain that no driver uses: such a constraint means locations too.
_LOCATION_IDS = frozenset({"pcieroot", "numanode"})

Group = tuple[str, ...]
"""Names of the requests that one constraint covers."""


class OptionKind(StrEnum):
    AS_WRITTEN = "as-written"
    NONE = "none"
    MATCH = "match"
    DISTINCT = "distinct"
    COUNT = "count"
    SOFT = "soft"


@dataclass(frozen=True, slots=True)
class ConstraintOption:
    """
    ``specs``: the claims with matchAttribute ``attribute`` over each of the ``groups``,
    in place of whatever they said about locations; ``groups`` are parallel to ``specs``. A
    ``distinct`` one has distinctAttribute in addition to what is written, a ``count`` one asks for
    ``count`` devices in place of all. A ``soft`` one prefers near devices (see ``soft_alignment``).
    ``one_claim``: the claims are put into one, since no constraint reaches over two. ``members``: what
    the groups cover, one after the other.
    """

    kind: OptionKind
    specs: tuple[ClaimSpec, ...]
    attribute: str = ""
    groups: tuple[tuple[Group, ...], ...] = ()
    one_claim: bool = False
    members: tuple[Members, ...] = ()
    count: int = 0

    @property
    def covers(self) -> int:
        """How many requests it is about."""
        return sum(len({name for group in groups for name in group}) for groups in self.groups)


@dataclass(frozen=True, slots=True)
class Participants:
    """
    Requests of one claim with devices that have a location, in claim order.

    ``on_bus``: those of PCI devices; ``off_bus``: those of CPUs and memory. ``least``:
    the fewest devices that each request gets, two for *all*. ``alternatives``: of each, by index.
    """

    on_bus: Group
    off_bus: Group
    least: Mapping[str, int]
    publishes: Mapping[str, frozenset[str]]
    alternatives: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def devices(self, group: Group) -> int:
        return sum(self.least[name] for name in group)

    def members(self, group: Group) -> Members:
        """What a constraint over the group covers."""
        return Members(tuple(self.alternatives.get(name, ()) for name in group), self.devices(group))


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


def group_attributes(drivers: Sequence[str], vocabulary: Vocabulary) -> tuple[str, ...]:
    """Every attribute of the drivers whose values are known to be groups of near devices."""
    return tuple(
        dict.fromkeys(name for driver in drivers for name, _ in vocabulary.attributes(driver).groups)
    )


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
    alternatives: dict[str, tuple[int, ...]] = {}
    for request in spec.requests:
        exact = (request.exactly,) if request.exactly is not None else request.first_available
        own = tuple(range(first, first + len(exact)))
        found = [each for index in own for each in selected.get(index, ()) if each.placed]
        first += len(exact)
        if any(each.admin_access for each in exact) or not found:
            continue
        alternatives[request.name] = own
        least[request.name] = min(each.count if each.mode == "ExactCount" else 2 for each in exact)
        publishes[request.name] = frozenset(
            name
            for name in names
            if any(each.publications[name].published for each in found if name in each.publications)
        )
        (on_bus if any(each.on_bus for each in found) else off_bus).append(request.name)
    return Participants(tuple(on_bus), tuple(off_bus), least, publishes, alternatives), first


def constraint_options(
    specs: Sequence[ClaimSpec],
    claim_names: Sequence[str],
    taking_part: Sequence[Participants],
    attributes: Sequence[str],
    vocabulary: Vocabulary,
    found: Groupings | None = None,
) -> tuple[ConstraintOption, ...]:
    """
    Every option for the claims of a pod: as written, none, then by attribute.

    ``attributes``: those of locations; beyond the two standard ones only where each request of a
    group has devices that publish it. Attributes of any other meaning come after them, where
    ``found`` shows that they group the devices. What a constraint that stays implies already is left
    out. Where several claims hold devices that could be kept together, the options for one claim of all
    come last.
    """
    found = found or Groupings((), lists=False)
    bare = tuple(_without_location_constraints(spec, vocabulary) for spec in specs)
    options = [
        ConstraintOption(OptionKind.AS_WRITTEN, tuple(specs)),
        ConstraintOption(OptionKind.NONE, bare),
    ]
    options += _matching(specs, bare, taking_part, attributes, vocabulary, found, one_claim=False)
    if sum(bool(each.on_bus or each.off_bus) for each in taking_part) > 1:
        merged, together = _merged(specs, claim_names, taking_part)
        options += _matching(
            (merged,),
            (_without_location_constraints(merged, vocabulary),),
            (together,),
            attributes,
            vocabulary,
            found,
            one_claim=True,
        )
    return tuple(options)


def _matching(
    specs: Sequence[ClaimSpec],
    bare: Sequence[ClaimSpec],
    taking_part: Sequence[Participants],
    attributes: Sequence[str],
    vocabulary: Vocabulary,
    found: Groupings,
    *,
    one_claim: bool,
) -> list[ConstraintOption]:
    options: dict[tuple[str, tuple[frozenset[Group], ...]], ConstraintOption] = {}
    on_bus = [
        *_written_groups(specs, taking_part, vocabulary),
        [_all_of(who, who.on_bus) for who in taking_part],
    ]
    everyone = [_all_of(who, _ordered(spec, who)) for spec, who in zip(specs, taking_part, strict=True)]
    tried = [
        (attribute, ways)
        for attribute in attributes
        for ways in ([on_bus] if attribute == PCIE_ROOT else [[*on_bus, everyone]])
    ]
    tried += [
        (attribute, [groups])
        for groups in (*on_bus, everyone)
        for attribute in found.further(_members_of(groups, taking_part), attributes)
    ]
    for attribute, ways in tried:
        for groups in ways:
            if not any(groups) or not _serves(attribute, groups, taking_part, attributes):
                continue
            if _is_implied(attribute, groups, bare, taking_part, found):
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
                    tuple(_members_of(groups, taking_part)),
                )
    return list(options.values())


def _members_of(groups: Sequence[tuple[Group, ...]], taking_part: Sequence[Participants]) -> list[Members]:
    return [who.members(group) for each, who in zip(groups, taking_part, strict=True) for group in each]


def _is_implied(
    attribute: str,
    groups: Sequence[tuple[Group, ...]],
    bare: Sequence[ClaimSpec],
    taking_part: Sequence[Participants],
    found: Groupings,
) -> bool:
    """Whether constraints that stay in the claims keep each group together at least as well."""
    return all(
        any(
            found.implies(constraint.match_attribute, attribute, who.members(group))
            for constraint in spec.constraints
            if constraint.match_attribute is not None
            and set(group) <= set(covered_requests(spec, constraint))
        )
        for each, spec, who in zip(groups, bare, taking_part, strict=True)
        for group in each
    )


def covered_requests(spec: ClaimSpec, constraint: Constraint) -> Group:
    """The names in a constraint; those of all requests where it names none."""
    return constraint.requests or tuple(request.name for request in spec.requests)


def _serves(
    attribute: str,
    groups: Sequence[tuple[Group, ...]],
    taking_part: Sequence[Participants],
    locations: Sequence[str],
) -> bool:
    """The standard names are always worth a word; others of locations only where all can have them."""
    if attribute in (PCIE_ROOT, NUMA_NODE) or attribute not in locations:
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
            covered = covered_requests(spec, constraint)
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
    return spec if len(kept) == len(spec.constraints) else written_anew(spec, spec.requests, kept)


def _with_constraints(spec: ClaimSpec, attribute: str, groups: Sequence[Group]) -> ClaimSpec:
    if not groups:
        return spec
    added = tuple(Constraint(requests=group, match_attribute=attribute) for group in groups)
    return written_anew(spec, spec.requests, (*spec.constraints, *added))


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
    alternatives: dict[str, tuple[int, ...]] = {}
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
        alternatives |= {names[name]: found for name, found in who.alternatives.items()}
    merged = written_anew(ClaimSpec("+".join(spec.fingerprint for spec in specs)), requests, constraints)
    return merged, Participants(tuple(on_bus), tuple(off_bus), least, publishes, alternatives)


def _renamed(request: Request, name: str) -> Request:
    exactly = None if request.exactly is None else replace(request.exactly, name=name)
    return replace(request, name=name, exactly=exactly)


def _path(path: str, names: Mapping[str, str]) -> str:
    request, slash, sub = path.partition("/")
    return names.get(request, request) + slash + sub


def written_anew(
    spec: ClaimSpec, requests: Sequence[Request], constraints: Sequence[Constraint], what: str = ""
) -> ClaimSpec:
    """
    A spec of its own: equal ones are recognised by their fingerprints alone.

    ``what`` else differs from ``spec`` than names and constraints.
    """
    names = ",".join(request.name for request in requests)
    return ClaimSpec(
        f"{spec.fingerprint}:{names}:{tuple(constraints)!r}{what}",
        tuple(requests),
        tuple(constraints),
        spec.config,
    )


def _names(driver: DriverAttributes) -> tuple[str, ...]:
    return (*driver.root, *driver.root_bus, *driver.numa, *driver.socket)


def _all_location_attributes(vocabulary: Vocabulary) -> frozenset[str]:
    return frozenset(
        name for driver in (*vocabulary.drivers.values(), vocabulary.unknown) for name in _names(driver)
    )
