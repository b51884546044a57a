"""The demo as text."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence

from extender.core.topology.locations import Distance

from ..text import columns, counted
from .decisions import Decision, PodPlacement
from .totals import Judgement, PairCounts, Totals, totals_of

_INDENT = "  "
_LEGEND = (
    "'stock' is the node where it put the pod, with the devices that it allocated. 'ours' is the node with "
    "our highest score, with the devices that the pod would have got there. Among equal scores the "
    "scheduler's own scores decide, so 'ours' is the stock node if that is one of them, else the first by "
    "name. Each decision is judged on the state that the real cluster had at that moment; it is not a re-run."
)

_NUMBERED = re.compile(r"(?P<stem>.*?)(?P<number>0|[1-9][0-9]*)")


def demo_table(
    decisions: Sequence[Decision], kubernetes: str, nodes: int, seconds: float, width: int
) -> Iterator[str]:
    """Yield the lines, at most ``width`` columns wide where names allow it."""
    fleet = f"{counted(len(decisions), 'pod')} on {counted(nodes, 'node')}"
    yield from textwrap.wrap(f"{fleet}, as kube-scheduler {kubernetes} asked about them. {_LEGEND}", width)
    yield ""
    longest = max((len(name) for decision in decisions for name in _nodes(decision)), default=0)
    for decision in decisions:
        yield from _decision(decision, longest, width)
    yield ""
    yield from _totals(totals_of(decisions), seconds, width)


def _nodes(decision: Decision) -> list[str]:
    return [placement.node for placement in (decision.stock, decision.ours) if placement is not None]


def _decision(decision: Decision, longest: int, width: int) -> Iterator[str]:
    requested = ", ".join(f"{count} {name}" for name, count in decision.requested) or "no devices"
    if decision.stock is None:
        yield f"{decision.pod}: {requested}; got no node ({decision.condition or 'no reason recorded'})"
        for message, count in decision.reasons:
            yield from _wrapped(f"{_INDENT}{counted(count, 'node')}: ", message, width)
        return
    yield f"{decision.pod}: {requested}; {_choice(decision)}"
    same = decision.ours is not None and decision.ours.node == decision.stock.node
    yield from _placement("both" if same else "stock", decision.stock, longest, width)
    if decision.ours is not None and not same:
        yield from _placement("ours", decision.ours, longest, width)


def _choice(decision: Decision) -> str:
    if decision.ours is None:
        return "no choice, one node could run it" if decision.offered == 1 else "no choice recorded"
    if decision.equals == 1:
        return f"best of {decision.offered} nodes"
    if decision.equals == decision.offered:
        return f"all {decision.offered} nodes equal"
    return f"{decision.equals} of {decision.offered} nodes equally good"


def _placement(label: str, placement: PodPlacement, longest: int, width: int) -> Iterator[str]:
    head = f"{_INDENT}{label:5}  {placement.node:{longest}}  {placement.score:3}  "
    names = short_names([device.device for device in placement.devices])
    distances = distances_in_short([Distance(pair.distance) for pair in placement.pairs])
    if any(pair.source for pair in placement.pairs):
        distances += " by facts of the machine"
    parts = [distances or "nothing to align"]
    if names:
        parts.append(names)
    yield from _wrapped(head, "; ".join(parts), width)


def distances_in_short(distances: Sequence[Distance]) -> str:
    """``2/3 pcie-root, 1/3 remote``, nearest first; of a single pair only the distance; empty of none."""
    counts = Counter(distances)
    if len(distances) == 1:
        return distances[0].value
    return ", ".join(
        f"{counts[distance]}/{len(distances)} {distance}" for distance in Distance if distance in counts
    )


def short_names(names: Sequence[str]) -> str:
    """
    Join names, runs of successive numbers as one: ``gpu-0..3, nic-1``.

    The order stays.
    """
    runs: list[tuple[str, int, int]] = []
    for name in names:
        match = _NUMBERED.fullmatch(name)
        stem, number = (match["stem"], int(match["number"])) if match else (name, -1)
        if runs and number >= 0 and runs[-1][0] == stem and runs[-1][2] == number - 1:
            runs[-1] = (stem, runs[-1][1], number)
        else:
            runs.append((stem, number, number))
    return ", ".join(
        stem if first < 0 else f"{stem}{first}" if first == last else f"{stem}{first}..{last}"
        for stem, first, last in runs
    )


def _wrapped(head: str, text: str, width: int) -> Iterator[str]:
    lines = textwrap.wrap(
        text, max(30, width - len(head)), break_long_words=False, break_on_hyphens=False
    ) or [""]
    yield (head + lines[0]).rstrip()
    yield from (" " * len(head) + line for line in lines[1:])


def _totals(totals: Totals, seconds: float, width: int) -> Iterator[str]:
    pods = counted(totals.pods, "pod")
    yield (
        f"{pods}: {totals.placed} got a node, {totals.aligned} of them with devices to align; "
        f"{totals.no_choice} had no choice of nodes"
    )
    nearer = "nearer devices by the machines' documents" if totals.documented else "nearer devices"
    yield from textwrap.wrap(
        f"with our scores {totals.moved} would have gone to another node: {totals.better} to {nearer}, "
        f"{totals.told} others from an unknown distance to a known one",
        width,
    )
    if totals.documented is not None:
        yield ""
        yield from _judgement("as the machines are documented", totals.documented)
    yield ""
    yield from _judgement("as drivers publish", totals.published)
    yield ""
    yield f"predicted devices right: {totals.predictions_right}/{totals.predictions}"
    yield f"served over HTTP on loopback in {seconds:.1f} s"


def _judgement(heading: str, counts: Judgement) -> Iterator[str]:
    stock, ours = counts.stock, counts.ours
    rows = [
        [heading, "stock scheduling", "dra-extender"],
        ["pairs on one PCIe root", _share(stock.one_root, stock), _share(ours.one_root, ours)],
        ["pairs on one NUMA node", _share(stock.one_numa_node, stock), _share(ours.one_numa_node, ours)],
        ["pairs farther apart", _share(stock.farther, stock), _share(ours.farther, ours)],
        ["pairs of unknown distance", _share(stock.unknown, stock), _share(ours.unknown, ours)],
        [
            "GPU-NIC pairs on one PCIe root",
            _share(counts.stock_gpu_nic.one_root, counts.stock_gpu_nic),
            _share(counts.ours_gpu_nic.one_root, counts.ours_gpu_nic),
        ],
        ["mean alignment of a pod, 0..1", _mean(stock), _mean(ours)],
    ]
    yield from columns(rows, right=(1, 2))


def _share(count: int, counts: PairCounts) -> str:
    if not counts.total:
        return "-"
    return f"{count} of {counts.total} {round(100 * count / counts.total):4} %"


def _mean(counts: PairCounts) -> str:
    return "-" if counts.mean is None else f"{counts.mean:.2f}"
