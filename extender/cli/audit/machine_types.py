"""The machine types of an audit's page: one card each, with the node whose pods lose most drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from extender.core.audit.auditor import Audit
from extender.core.audit.findings import PodFinding
from extender.core.audit.node_map import node_map
from extender.core.audit.totals import MachineTypeTotal, Totals
from extender.core.topology.locations import Distance
from extender.core.topology.vocabulary import DeviceKind

from ..markup import Markup, element
from ..text import counted
from .drawing import Link, line_sample, node_drawing
from .words import machine_type_name, machine_type_parts, percent

_MOST_SHAPES = 24


def machine_type_cards(audit: Audit, totals: Totals) -> Iterator[Markup]:
    """A legend, then at most 24 machine types with pods: those that lose most first, the harmless folded."""
    busy = [row for row in totals.machine_types if row.tally.pods]
    yield element(
        "p",
        "Nodes of one machine type are shown once, by the node whose pods lose most. Lines join the devices "
        "(outlined) of one pod there: the pod that loses most, else the pod with the most devices.",
        class_="soft small",
    )
    yield _legend({kind for row in busy for kind, _ in row.machine_type.devices})
    machines, nodes = audit.snapshot.machines, audit.snapshot.nodes
    if any(machines.used(nodes[row.worst].inventory.facts) for row in busy[:_MOST_SHAPES]):
        yield element("p", "(facts): facts of the machine tell it, and no driver.", class_="soft small")
    by_node: dict[str, list[PodFinding]] = {}
    for finding in audit.findings:
        by_node.setdefault(finding.running.pod.node_name, []).append(finding)
    drawn = busy[:_MOST_SHAPES]
    yield from (_card(audit, row, by_node) for row in drawn if row.tally.losing)
    harmless = [_card(audit, row, by_node) for row in drawn if not row.tally.losing]
    if harmless:
        title = f"{counted(len(harmless), 'machine type')} whose pods are not known to lose anything"
        yield element("details", element("summary", title), *harmless)
    yield from _not_drawn(len(busy) - len(drawn), len(totals.machine_types) - len(busy))


def _not_drawn(beyond: int, idle: int) -> Iterator[Markup]:
    left = [f"{counted(beyond, 'machine type')} whose pods lose less"] if beyond else []
    left += [f"{counted(idle, 'machine type')} without such pods"] if idle else []
    if left:
        yield element("p", f"Not drawn: {' and '.join(left)}.", class_="soft small")


def _legend(kinds: set[DeviceKind]) -> Markup:
    boxes = [element("span", element("i", class_=kind), kind) for kind in DeviceKind if kind in kinds]
    lines = [element("span", line_sample(distance), str(distance)) for distance in Distance]
    return element("div", *boxes, *lines, class_="legend")


def _card(audit: Audit, row: MachineTypeTotal, by_node: Mapping[str, Sequence[PodFinding]]) -> Markup:
    machine_type, tally = row.machine_type, row.tally
    findings = by_node.get(row.worst, ())
    shown = max(findings, key=_by_loss, default=None)
    facts = [
        counted(len(machine_type.nodes), "node"),
        counted(tally.pods, "pod"),
        f"{tally.losing} losing" if tally.losing else "none losing",
    ]
    if tally.unknown:
        facts.append(f"{tally.unknown} cannot be judged")
    if tally.achieved is not None:
        over = counted(tally.known, "pod")
        facts.append(
            f"{over} have {percent(tally.achieved)} of the best throughput on average, could have "
            f"{percent(tally.best)}"
        )
    facts.append(f"{counted(row.free_pairs, 'free pair')} of a GPU and a NIC now")
    caption = f"Drawn: {row.worst}"
    if shown is not None:
        caption += f", with the devices of {shown.name} joined"
    return element(
        "article",
        element("h3", machine_type_name(machine_type)),
        element("p", machine_type_parts(machine_type), class_="soft small"),
        element("p", f"{'; '.join(facts)}.", class_="small"),
        element(
            "div",
            node_drawing(
                node_map(row.worst, audit.snapshot),
                _links(shown),
                f"{row.worst}: {machine_type_parts(machine_type)}",
            ),
            class_="scroll",
        ),
        element("p", caption, class_="soft small"),
        class_="card",
        id=_anchor(row),
    )


def drawn_machines(totals: Totals) -> dict[str, str]:
    """For each node of a machine type that is drawn, the anchor of the drawing."""
    busy = [row for row in totals.machine_types if row.tally.pods]
    return {name: _anchor(row) for row in busy[:_MOST_SHAPES] for name in row.machine_type.nodes}


def _anchor(row: MachineTypeTotal) -> str:
    return f"machine-{row.worst}"


def _links(finding: PodFinding | None) -> list[Link]:
    """Pairs of unlike devices; a chain of like ones only where there are no others."""
    if finding is None:
        return []
    devices, pairs = finding.running.devices, finding.running.alignment.pairs
    unlike = [pair for pair in pairs if len(set(pair.kinds.split("-"))) > 1]
    return [
        Link(devices[pair.a].result.id, devices[pair.b].result.id, pair.distance) for pair in unlike or pairs
    ]


def _by_loss(finding: PodFinding) -> tuple[float, int, str]:
    """The order in which the pods of a node are drawn: the last loses most, else has the most devices."""
    return finding.lost, len(finding.running.devices), finding.name
