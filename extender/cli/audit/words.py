"""An audit's facts as phrases, for the table and the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from extender.core.alignment.pairs import Pair
from extender.core.audit.auditor import Audit
from extender.core.audit.findings import KnownDistances, Option, PodFinding
from extender.core.audit.machine_types import MachineType
from extender.core.audit.running_pod import Unrated
from extender.core.audit.totals import KindsTotal, Tally, Totals
from extender.core.cluster.double_use import render_entry
from extender.core.cluster.negative_amounts import claim_names
from extender.core.messages import first_few
from extender.core.scheduling import render_filter, render_unchecked
from extender.core.topology.locations import Distance

from ..explain.table import DISTANCE_WORDS
from ..text import counted

UNRATED_WORDS: Mapping[Unrated, str] = {
    Unrated.FEW_DEVICES: "with fewer than two devices, which cannot be apart",
    Unrated.CLAIM_UNKNOWN: "with a claim that is not in the input or not allocated",
    Unrated.NODE_UNKNOWN: "on a node that is not in the input",
    Unrated.DEVICES_GONE: "with devices that no ResourceSlice of the node lists",
    Unrated.RATED_TOGETHER: "rated with another pod that uses a part of the same claims",
}

_UNCHECKED = "not known which other nodes accept them"
_MOST_TYPES = 3
_MOST_REASONS = 3
_MOST_CARDS = 3
_MOST_CLAIMS = 3
_MOST_ENTRIES = 4


def percent(share: float | None) -> str:
    """A share of 0..1 as ``40 %``, ``-`` for none."""
    return "-" if share is None else f"{100 * share:.0f} %"


def headline(audit: Audit, totals: Totals) -> list[str]:
    """What matters most, in sentences for somebody who does not know DRA."""
    rated = totals.all
    release = audit.snapshot.release.version
    nodes = counted(sum(len(row.machine_type.nodes) for row in totals.machine_types), "node")
    first = (
        f"{counted(rated.pods, 'running pod')} with two or more devices on {nodes} with devices, judged as "
        f"the scheduler of Kubernetes {release} allocates."
    )
    twice = [*negative_amount_sentences(audit), *double_use_sentences(audit)]
    if rated.losing:
        second = (
            f"{rated.losing} of them lose bandwidth because their devices are farther apart than necessary; "
            f"{rated.avoidable} could have nearer devices now{together_words(audit)}."
        )
        return [first, second, *twice]
    if rated.pods > rated.unknown:
        return [first, "None of them is known to have devices farther apart than necessary.", *twice]
    return [first, *twice]


def together_words(audit: Audit) -> str:
    """How many pods the plan brings nearer devices, as the end of a sentence; empty where none can be."""
    if not any(finding.avoidable for finding in audit.findings):
        return ""
    at_least = "" if audit.plan.complete else "at least "
    return f", {at_least}{len(audit.plan.moves)} of them together"


def negative_amount_sentences(audit: Audit) -> list[str]:
    """Which claims hold a negative amount, and what comes of it; the first few, and how many more."""
    claims = claim_names(audit.snapshot.negative)
    if not claims:
        return []
    what = f"{counted(len(claims), 'claim')} with a negative amount of a capacity"
    why = "from Kubernetes 1.38 on no pod that needs devices is scheduled until they are gone"
    return [f"{what}: {first_few(claims, _MOST_CLAIMS)}; {why}."]


def double_use_sentences(audit: Audit) -> list[str]:
    """Which cards are given away twice, and to whom; the first few, and how many more."""
    shown = [
        f"on {node}, {' and '.join(map(render_entry, use.entries[:_MOST_ENTRIES]))}"
        for node, use in audit.double_uses[:_MOST_CARDS]
    ]
    if not shown:
        return []
    more = len(audit.double_uses) - len(shown)
    shown += [f"and {more} more"] if more > 0 else []
    cards = counted(len(audit.double_uses), "card")
    return [
        f"{cards} given away twice, because the driver lists each card in several ways: {'; '.join(shown)}."
    ]


def companion_words(finding: PodFinding) -> str:
    """How many pods are rated with the first one; empty where it is rated alone."""
    others = len(finding.running.companions)
    return f", with {counted(others, 'pod')} that share its claims," if others else ""


def caveats(audit: Audit, totals: Totals) -> list[str]:
    """What the headline leaves out: who cannot be judged, who is not rated, and why."""
    sentences = []
    partly = sum(finding.judgement is KnownDistances.PARTLY_KNOWN for finding in audit.findings)
    if totals.silent:
        drivers = ", ".join(f"{each.driver} ({counted(each.pods, 'pod')})" for each in totals.silent)
        in_part = f", and {partly} only in part," if partly else ""
        sentences.append(
            f"{totals.all.unknown} cannot be judged{in_part} because drivers do not publish the NUMA node of "
            f"devices: {drivers}. Unknown is not counted as lost."
        )
    if audit.unrated:
        counts = audit.unrated.most_common()
        unrated = [f"{counted(count, 'pod')} {UNRATED_WORDS[why]}" for why, count in counts]
        sentences.append(f"Not rated: {'; '.join(unrated)}.")
    sentences += _unchecked_sentence(audit)
    if not audit.complete:
        sentences.append("The search was stopped at its limit, so pods may lose more than is shown.")
    return sentences


def machine_type_titles(machine_types: Sequence[MachineType]) -> list[str]:
    """A title per machine type; types that would have the same title are told apart by a node of theirs."""
    titles = [_machine_type_title(machine_type) for machine_type in machine_types]
    counts = Counter(titles)
    return [
        title if counts[title] == 1 else f"{title} (as {machine_type.nodes[0]})"
        for title, machine_type in zip(titles, machine_types, strict=True)
    ]


def _machine_type_title(machine_type: MachineType) -> str:
    return f"{machine_type_name(machine_type)}: {machine_type_parts(machine_type)}"


def machine_type_name(machine_type: MachineType) -> str:
    """The machine's type where nodes are labelled with one, else a node like it."""
    if not machine_type.types:
        return f"like {machine_type.nodes[0]}"
    return first_few(machine_type.types, _MOST_TYPES, between=" or ")


def machine_type_parts(machine_type: MachineType) -> str:
    """``8 gpu, 8 nic, 2 cpu; 2 sockets, 2 NUMA nodes, 4 PCIe roots``; what is unknown is left out."""
    devices = ", ".join(f"{count} {kind}" for kind, count in machine_type.devices)
    known = [
        counted(count, noun)
        for count, noun in (
            (machine_type.sockets, "socket"),
            (machine_type.numa_nodes, "NUMA node"),
            (machine_type.roots, "PCIe root"),
        )
        if count
    ]
    return f"{devices}; {', '.join(known) or 'nothing known about their location'}"


def far_pairs(finding: PodFinding) -> list[tuple[Distance, str]]:
    """
    A sentence for each kinds and distance of pairs that could be nearer, the farthest first.

    It says who is how far from whom and what that leaves.
    """
    groups: dict[tuple[str, Distance, float], list[Pair]] = {}
    for pair in finding.running.alignment.pairs:
        if pair.worth < 1:
            groups.setdefault((pair.kinds, pair.distance, pair.worth), []).append(pair)
    sentences = []
    for (kinds, apart, worth), pairs in sorted(groups.items(), key=lambda item: item[0][2]):
        a, b = (finding.running.devices[number].result.id.device for number in (pairs[0].a, pairs[0].b))
        left = "" if apart is Distance.UNKNOWN else f": about {percent(worth)} left"
        who = f"{a} and {b}" if len(pairs) == 1 else f"{len(pairs)} {kinds} pairs, such as {a} and {b},"
        sentences.append((apart, f"{who} {DISTANCE_WORDS[apart]}{left}"))
    return sentences


def option_words(finding: PodFinding) -> str:
    """What could bring the pod nearer devices; empty where nothing is lost."""
    possible = finding.possible
    match finding.option:
        case Option.ELSEWHERE if possible.elsewhere is not None:
            unchecked = f" (if it accepts the pod: {_unchecked(finding)})" if possible.unchecked else ""
            return (
                f"recreated on {possible.elsewhere.node}, it would get nearer devices "
                f"({percent(possible.elsewhere.alignment)}): dra-extender prefers such nodes{unchecked}"
            )
        case Option.HERE:
            return (
                f"its own node has nearer devices ({percent(possible.here.alignment)}), but the scheduler "
                "takes the first that fit: the claim must ask for near ones"
            )
        case Option.EMPTIER_NODE if possible.refused_here is not None:
            return (
                f"its own node would not take it again ({render_filter(possible.refused_here)}), and no "
                "other node has nearer devices free now"
            )
        case Option.EMPTIER_NODE:
            return (
                "no node has nearer devices free now; a node of this machine type where fewer devices are "
                f"taken would ({percent(possible.empty.alignment)})"
            )
    return ""


def _unchecked(finding: PodFinding) -> str:
    return "; ".join(map(render_unchecked, finding.possible.unchecked))


def _unchecked_sentence(audit: Audit) -> Iterator[str]:
    """For how many losing pods it is not known whether other nodes accept them, and why."""
    reasons = Counter(_unchecked(finding) for finding in audit.losing if finding.possible.unchecked)
    if reasons:
        shown = [
            f"{reason} ({counted(count, 'pod')})" for reason, count in reasons.most_common(_MOST_REASONS)
        ]
        more = len(reasons) - len(shown)
        shown += [f"and {more} more"] if more > 0 else []
        pods = "1 pod that loses" if reasons.total() == 1 else f"{reasons.total()} pods that lose"
        yield f"Of {pods} it is {_UNCHECKED}: {'; '.join(shown)}."


def source_words(total: KindsTotal) -> str:
    """Where the estimate for two kinds comes from."""
    return f"{total.worths.basis}: {'; '.join(total.worths.sources)}"


def distance_counts(total: KindsTotal) -> str:
    """``2 pcie-root, 1 remote``, nearest first."""
    return ", ".join(f"{count} {distance}" for distance, count in total.distances)


def tally_cells(tally: Tally) -> list[str]:
    """Pods, unknown, losing, avoidable, known, achieved, best: in the order of ``TALLY_HEADS``."""
    return [
        str(tally.pods),
        str(tally.unknown),
        str(tally.losing),
        str(tally.avoidable),
        str(tally.known),
        percent(tally.achieved),
        percent(tally.best),
    ]


TALLY_HEADS = ("pods", "unknown", "losing", "avoidable", "mean over", "has", "could have")
