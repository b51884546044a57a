"""What the findings of an audit add up to: by machine type, drivers, namespace, and kinds of pairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import fsum
from typing import TypeVar

from extender.model import DeviceID

from ..alignment.pairs import Alignment, Pair
from ..alignment.worths import WorthRow, Worths
from ..topology.locations import Distance
from ..topology.vocabulary import DeviceKind
from .auditor import Audit
from .findings import KnownDistances, PodFinding
from .machine_types import MachineType, machine_types

K = TypeVar("K", bound=Hashable)

_ORDER = {
    f"{first}-{second}": (i, j) for i, first in enumerate(DeviceKind) for j, second in enumerate(DeviceKind)
}


@dataclass(frozen=True, slots=True)
class Tally:
    """
    Some rated pods.

    ``unknown``: pods none of whose pairs is at a known distance. ``losing``: pods that lose something,
    ``avoidable``: those of them that could have nearer devices as things stand. ``achieved`` and
    ``best`` are means over the ``known`` pods, whose pairs are all known, ``None`` if there are none.
    ``lost``: the sum over all pods, in whole perfectly aligned pods' worth.
    """

    pods: int
    unknown: int
    losing: int
    avoidable: int
    known: int
    achieved: float | None
    best: float | None
    lost: float


@dataclass(frozen=True, slots=True)
class MachineTypeTotal:
    """
    ``worst``: the node whose pods lose most, else that with the most pods, else the first.

    ``free_pairs``: a free GPU (or accelerator) and a free NIC near each other, on all of its nodes now.
    """

    machine_type: MachineType
    tally: Tally
    worst: str
    free_pairs: int = 0


@dataclass(frozen=True, slots=True)
class KindsTotal:
    """
    The pairs of two kinds of devices.

    ``distances``: counts by distance, nearest first, those that occur. ``lost``: the mean of 1 − worth
    over the pairs of known distance, ``None`` if there are none. ``worths``: the row that says what
    these pairs are worth, and where the worths come from.
    """

    kinds: str
    distances: tuple[tuple[Distance, int], ...]
    lost: float | None
    worths: WorthRow

    @property
    def pairs(self) -> int:
        return sum(count for _, count in self.distances)

    @property
    def unknown(self) -> int:
        return dict(self.distances).get(Distance.UNKNOWN, 0)


@dataclass(frozen=True, slots=True)
class SilentDriver:
    """A driver that does not say on which NUMA node its devices are; ``pods`` have pairs unknown for that."""

    driver: str
    pods: int


@dataclass(frozen=True, slots=True)
class Totals:
    """Rows that lose most come first, then those with the most pods; kinds in the order of ``Kind``."""

    all: Tally
    machine_types: tuple[MachineTypeTotal, ...]
    drivers: tuple[tuple[tuple[str, ...], Tally], ...]
    namespaces: tuple[tuple[str, Tally], ...]
    kinds: tuple[KindsTotal, ...]
    silent: tuple[SilentDriver, ...]


def totals_of(audit: Audit) -> Totals:
    """Add up. Nodes without pods count in their machine type; nodes without devices do not."""
    findings = audit.findings
    return Totals(
        all=tally(findings),
        machine_types=_machine_type_totals(audit),
        drivers=_tallies(findings, drivers_of),
        namespaces=_tallies(findings, lambda finding: finding.running.pod.namespace),
        kinds=_kinds_totals(findings, audit.worths),
        silent=_silent_drivers(findings),
    )


def tally(findings: Sequence[PodFinding]) -> Tally:
    known = [finding for finding in findings if finding.judgement is KnownDistances.KNOWN]
    return Tally(
        pods=len(findings),
        unknown=sum(finding.judgement is KnownDistances.UNKNOWN for finding in findings),
        losing=sum(finding.lost > 0 for finding in findings),
        avoidable=sum(finding.avoidable > 0 for finding in findings),
        known=len(known),
        achieved=_mean([finding.achieved for finding in known]),
        best=_mean([finding.best for finding in known]),
        lost=fsum(finding.lost for finding in findings),
    )


def drivers_of(finding: PodFinding) -> tuple[str, ...]:
    """The drivers of the pod's devices, sorted."""
    return tuple(sorted({device.result.id.driver for device in finding.running.devices}))


def _tallies(findings: Iterable[PodFinding], key: Callable[[PodFinding], K]) -> tuple[tuple[K, Tally], ...]:
    groups: dict[K, list[PodFinding]] = {}
    for finding in findings:
        groups.setdefault(key(finding), []).append(finding)
    rows = [(name, tally(group)) for name, group in groups.items()]
    return tuple(sorted(rows, key=lambda row: (-row[1].lost, -row[1].pods, str(row[0]))))


def _machine_type_totals(audit: Audit) -> tuple[MachineTypeTotal, ...]:
    by_node: dict[str, list[PodFinding]] = {}
    for finding in audit.findings:
        by_node.setdefault(finding.running.pod.node_name, []).append(finding)
    rows = []
    for machine_type in machine_types(audit.snapshot):
        findings = [finding for name in machine_type.nodes for finding in by_node.get(name, ())]
        worst = min(
            machine_type.nodes,
            key=lambda name: (
                -fsum(finding.lost for finding in by_node.get(name, ())),
                -len(by_node.get(name, ())),
                name,
            ),
        )
        free_pairs = sum(audit.snapshot.nodes[name].pairs.intact for name in machine_type.nodes)
        rows.append(MachineTypeTotal(machine_type, tally(findings), worst, free_pairs))
    return tuple(sorted(rows, key=lambda row: (-row.tally.lost, -row.tally.pods)))


def _kinds_totals(findings: Sequence[PodFinding], worths: Worths) -> tuple[KindsTotal, ...]:
    distances: dict[str, Counter[Distance]] = {}
    lost: dict[str, list[float]] = {}
    for pair, times in _pairs(findings):
        distances.setdefault(pair.kinds, Counter())[pair.distance] += times
        if pair.distance is not Distance.UNKNOWN:
            lost.setdefault(pair.kinds, []).extend([1 - pair.worth] * times)
    return tuple(
        KindsTotal(
            kinds,
            tuple((apart, distances[kinds][apart]) for apart in Distance if apart in distances[kinds]),
            _mean(lost.get(kinds, [])),
            worths.row_of(kinds),
        )
        for kinds in sorted(distances, key=_ORDER.__getitem__)
    )


def _pairs(findings: Sequence[PodFinding]) -> Iterator[tuple[Pair, int]]:
    """
    Yield the pairs of all pods, each with how many there are of it.

    Pods that share claims have the same devices, and so the same pairs: they count once.
    """
    users = Counter(
        (each.running.pod.namespace, claim.name) for each in findings for claim in each.running.claims
    )
    times: Counter[int] = Counter()
    alignments: dict[int, Alignment] = {}
    counted: set[tuple[str, str, DeviceID, str, DeviceID]] = set()
    for finding in findings:
        running = finding.running
        devices, namespace, alignment = running.devices, running.pod.namespace, running.alignment
        is_alone = all(users[namespace, claim.name] == 1 for claim in running.claims)
        if is_alone and len({device.result.id for device in devices}) == len(devices):
            times[id(alignment)] += 1
            alignments[id(alignment)] = alignment
            continue
        for pair in alignment.pairs:
            a, b = devices[pair.a], devices[pair.b]
            pair_of = (namespace, a.claim, a.result.id, b.claim, b.result.id)
            if pair_of not in counted:
                counted.add(pair_of)
                yield pair, 1
    for number, alignment in alignments.items():
        yield from ((pair, times[number]) for pair in alignment.pairs)


def _silent_drivers(findings: Iterable[PodFinding]) -> tuple[SilentDriver, ...]:
    """At least one device of every pair of unknown distance is on no known NUMA node."""
    pods: Counter[str] = Counter()
    for finding in findings:
        devices = finding.running.devices
        pods.update(
            {
                devices[number].result.id.driver
                for pair in finding.running.alignment.pairs
                if pair.distance is Distance.UNKNOWN
                for number in (pair.a, pair.b)
                if (location := devices[number].location) is not None and location.numa < 0
            }
        )
    return tuple(
        SilentDriver(driver, pods[driver]) for driver in sorted(pods, key=lambda each: (-pods[each], each))
    )


def _mean(values: Sequence[float]) -> float | None:
    return fsum(values) / len(values) if values else None
