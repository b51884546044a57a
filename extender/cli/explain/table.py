"""An explanation as text: a summary, then the nodes, best first, those that look alike together."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from extender.core.messages import first_few
from extender.core.prediction.evaluate import Certainty, Outcome
from extender.core.topology.locations import Distance
from extender.core.topology.vocabulary import DEFAULT_VOCABULARY, Vocabulary
from extender.service.explain import (
    ExplainedCardEntry,
    ExplainedFragmentation,
    ExplainedNode,
    ExplainedPair,
    Explanation,
    shared_message,
)

from ..text import columns, counted
from .hint import CardAttributes, gain_of, hint_of

_INDENT = "  "
_MOST_NAMED = 8
_MOST_NAMED_IN_SUMMARY = 3

DISTANCE_WORDS: Mapping[str, str] = {
    Distance.DEVICE: "are one physical device",
    Distance.PCIE_SWITCH: "share a PCIe switch",
    Distance.PCIE_ROOT: "share a PCIe root",
    Distance.GROUP: "are in one device group",
    Distance.NUMA: "share a NUMA node, not a PCIe root",
    Distance.SOCKET: "share a socket, not a NUMA node",
    Distance.REMOTE: "are on different NUMA nodes",
    Distance.UNKNOWN: "are at an unknown distance: their drivers do not publish enough",
}
_HEADINGS: Mapping[str, str] = {
    Outcome.UNSCHEDULABLE: "cannot run it",
    Outcome.ERROR: "would abort the scheduling attempt",
    Outcome.UNKNOWN: "could not be judged",
}


@dataclass(frozen=True, slots=True)
class Context:
    """
    What the document does not say.

    ``bound_to``: the pod's own node, empty if it has none. ``notes`` are sentences
    about the input. ``vocabulary`` tells the kinds of devices. ``without_rdma``: the NICs, as
    ``driver/pool/device``, that are said to do none. ``cards``: see ``card_attributes``.
    """

    bound_to: str
    notes: Sequence[str]
    vocabulary: Vocabulary = DEFAULT_VOCABULARY
    without_rdma: Collection[str] = ()
    cards: CardAttributes = field(default_factory=dict)


def explain_table(explained: Explanation, context: Context, width: int) -> Iterator[str]:
    """
    Yield the lines, at most ``width`` columns wide where names allow it.

    Nodes with the same score, devices, pairs and reason are shown as one.
    """
    nodes = explained.nodes
    yield from textwrap.wrap(_summary(explained, context.bound_to), width, break_on_hyphens=False)
    if explained.nomination is not None:
        text = f"nominated for {explained.nomination.node}: {explained.nomination.message}"
        yield from textwrap.wrap(text, width, subsequent_indent=_INDENT, break_on_hyphens=False)
    for note in (*context.notes, *(each.message for each in explained.ignored)):
        yield from textwrap.wrap(f"note: {note}", width, subsequent_indent=_INDENT)
    hint = hint_of(explained, context.cards)
    if hint:
        yield from textwrap.wrap(f"hint: {hint}", width, subsequent_indent=_INDENT, break_on_hyphens=False)
    groups: dict[Hashable, list[str]] = {}
    for name in sorted(nodes, key=lambda name: (_rank(nodes[name]), name)):
        groups.setdefault(_view(name, nodes[name]), []).append(name)
    for names in groups.values():
        yield ""
        yield from _group(names, nodes[names[0]], context, width)


def _summary(explained: Explanation, bound_to: str) -> str:
    nodes = explained.nodes
    text = f"pod {explained.pod} on Kubernetes {explained.kubernetes}: "
    text += "; ".join(_outlook(nodes))
    return text + (f"; it is bound to {bound_to}" if bound_to else "")


def _outlook(nodes: Mapping[str, ExplainedNode]) -> Iterator[str]:
    """What becomes of the pod, the worst first: one node that aborts the attempt does so for all."""
    of = {outcome: [name for name, node in nodes.items() if node.outcome == outcome] for outcome in Outcome}
    able, unknown, aborting = of[Outcome.ALLOCATED], of[Outcome.UNKNOWN], of[Outcome.ERROR]
    if aborting:
        where = first_few(sorted(aborting), _MOST_NAMED_IN_SUMMARY)
        others = f", although {counted(len(able), 'node')} of {len(nodes)} could run it" if able else ""
        yield (
            f"the scheduler aborts the whole attempt when it looks at {where}, and the pod stays "
            f"pending{others}"
        )
    elif unknown and not able:
        yield f"{len(unknown)} of {counted(len(nodes), 'node')} could not be judged"
        if len(unknown) < len(nodes):
            yield "the others cannot run it"
    else:
        yield f"{len(able)} of {counted(len(nodes), 'node')} can run it"
        if unknown:
            yield f"{len(unknown)} could not be judged"
    if able:
        yield _best_score({name: nodes[name] for name in able})
    else:
        yield from _asks_for_too_much(nodes)


def _best_score(able: Mapping[str, ExplainedNode]) -> str:
    best = max(node.score for node in able.values())
    top = sorted(name for name, node in able.items() if node.score == best)
    if any(node.alignment.pairs for node in able.values()):
        return f"the best score is {best}, on {first_few(top, _MOST_NAMED_IN_SUMMARY)}"
    if any(len(node.devices) > 1 for node in able.values()):
        return "where its devices are cannot be told, so all score alike"
    return "it has no two devices to align, so all score alike"


def _asks_for_too_much(nodes: Mapping[str, ExplainedNode]) -> Iterator[str]:
    """Requests for more devices than pass on any node, where each node was counted and has all slices."""
    if not nodes or any(node.fit is None or node.fit.pools for node in nodes.values()):
        return
    most: dict[tuple[str, str], tuple[int, int]] = {}
    for node in nodes.values():
        for request in node.fit.requests if node.fit is not None else ():
            if request.asks is not None and not request.alternative:
                key = request.claim, request.request
                most[key] = (request.asks, max(request.passing, most.get(key, (0, 0))[1]))
    for (_, name), (asks, passing) in most.items():
        if asks > passing:
            most_there = f"more than {passing} that pass" if passing else "one that passes"
            yield (
                f"request {name} asks for {counted(asks, 'device')}, and no node has {most_there} "
                "class and selectors"
            )


def _group(names: Sequence[str], node: ExplainedNode, context: Context, width: int) -> Iterator[str]:
    label = names[0] if len(names) == 1 else counted(len(names), "node")
    yield f"{label}: {_heading(node)}"
    if len(names) > 1:
        yield from _indented("on ", first_few(names, _MOST_NAMED), width)
    if node.message is not None:
        yield from _indented("why: ", node.message if len(names) == 1 else shared_message(node), width)
    yield from _devices(names[0], node, context, many=len(names) > 1)
    for pair in node.alignment.pairs:
        yield from _indented("", _pair(pair), width)
    if node.facts is not None and node.facts.problem is not None:
        yield from _indented("", node.facts.message, width)
    for entries in node.double_uses:
        yield from _indented("used twice: ", _double_use(entries, named=len(names) == 1), width)
    if node.fragmentation is not None and node.fragmentation.intact_groups.before:
        yield from _indented("", _left(node.fragmentation), width)


def _indented(head: str, text: str, width: int) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=_INDENT + head,
        subsequent_indent=_INDENT + " " * len(head),
        break_on_hyphens=False,
        break_long_words=False,
    )


def _heading(node: ExplainedNode) -> str:
    if node.outcome != Outcome.ALLOCATED:
        heading = f"{_HEADINGS[node.outcome]}, score {node.score}"
    elif node.alignment.predicted is None and not all(device.listed for device in node.devices):
        heading = f"score {node.score}, not aligned: where its devices are cannot be told"
    elif node.alignment.predicted is None:
        heading = f"score {node.score}, nothing to align"
    else:
        complete = node.alignment.best_complete
        best = "the best here" if complete else "the best found here (not all choices were tried)"
        if gain_of(node) > 0:
            best = f"{node.alignment.best:.2f} is possible here"
            best += "" if complete else " or more (not all choices were tried)"
        heading = f"score {node.score}, alignment {_number(node)}, {best}"
    if node.certainty != Certainty.EXACT:
        heading += " (not certain: this release walks pools and slices in random order)"
    return heading


def _devices(name: str, node: ExplainedNode, context: Context, *, many: bool) -> Iterator[str]:
    """One line per device; a pool named for its node stands for each node's own."""
    rows = []
    for device in node.devices:
        pool = "NODE" if many and device.pool == name else device.pool
        rows.append(
            [
                _INDENT + context.vocabulary.attributes(device.driver).kind,
                f"{device.driver}/{pool}/{device.device}",
                f"request {device.request} of claim {device.claim}"
                + (", allocated before" if device.allocated else "")
                + ("" if device.listed else ", which no slice of the node lists any more")
                + (", no RDMA" if device.id in context.without_rdma else ""),
            ]
        )
    if rows:
        yield from columns(rows)


def _pair(pair: ExplainedPair) -> str:
    a, b = (id_.rpartition("/")[2] for id_ in (pair.a, pair.b))
    source = ", by facts of the machine" if pair.source else ""
    return f"{a} and {b} {DISTANCE_WORDS[pair.distance]} (worth {pair.worth:.2f}{source})"


def _double_use(entries: Sequence[ExplainedCardEntry], *, named: bool) -> str:
    """The devices of one card with those who have them; ``named``: the holders by name."""
    alike: dict[tuple[bool, tuple[str, ...]], list[str]] = {}
    for entry in entries:
        holders = entry.holders if named or not entry.holders else ("other pods",)
        alike.setdefault((entry.part, holders), []).append(entry.device.rpartition("/")[2])
    told = []
    for (part, holders), devices in alike.items():
        what = "the whole card" if not part else "a part of it" if len(devices) == 1 else "parts of it"
        whose = f"held by {first_few(holders, _MOST_NAMED_IN_SUMMARY)}" if holders else "for this pod"
        told.append(f"{first_few(devices, _MOST_NAMED)} ({what}, {whose})")
    return f"{' and '.join(told)} are one card, which the driver lists in several ways"


def _left(fragmentation: ExplainedFragmentation) -> str:
    groups, reached = fragmentation.intact_groups, fragmentation.first_fit_groups
    return (
        f"leaves {groups.after} of {counted(groups.before, 'free pair')} (a GPU and a NIC near each other); "
        f"first-fit pairs: {reached.before} before, {reached.after} after"
    )


def _rank(node: ExplainedNode) -> tuple[int, int, float]:
    outcomes = list(Outcome)
    return (outcomes.index(Outcome(node.outcome)), -node.score, -(node.alignment.best or 0.0))


def _view(name: str, node: ExplainedNode) -> Hashable:
    """What two nodes must share to be shown as one: all but the names of their own pools."""

    def own(id_: str) -> str:
        return id_.replace(f"/{name}/", "/NODE/")

    return (
        node.outcome,
        node.certainty,
        shared_message(node),
        node.score,
        node.alignment.predicted,
        node.alignment.best,
        node.alignment.best_complete,
        node.fragmentation,
        tuple(
            (device.claim, device.request, own(device.id), device.allocated, device.listed)
            for device in node.devices
        ),
        tuple((own(pair.a), own(pair.b), pair.distance) for pair in node.alignment.pairs),
        tuple(
            tuple((own(entry.device), entry.part, bool(entry.holders)) for entry in entries)
            for entries in node.double_uses
        ),
    )


def _number(node: ExplainedNode) -> str:
    return f"{node.alignment.predicted or 0.0:.2f}"
