"""
Pods that come faster than the API shows what became of those before them.

    python -m tests.service.back_to_back

A scheduler in a few lines: it knows every allocation at once, adds our scores to one of its own, and the
API shows each claim ``lag`` pods later. Prints how often predictions were right, and how well pods fare.
Without the noise of a real control plane, so that two ways of answering can be told apart.
"""

from __future__ import annotations

import itertools
import json
import random
import sys
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import orjson

from extender.cli.bench.fleet import fleet
from extender.cli.cluster_input import cluster_input
from extender.core.cluster.changes import Changes
from extender.core.prediction.evaluate import Memo, Settings, Snapshot, evaluate
from extender.kube.files.cluster import ClusterBuilder
from extender.model import Claim, Consumer, Pod
from extender.model.kinds import RESOURCE_CLAIM
from extender.service.live.delayed_releases import DelayedReleases
from extender.service.live.event_handler import EventHandler
from extender.service.live.follower import LiveFollower
from extender.service.live.in_flight import InFlight
from extender.service.live.prediction_check import PredictionCheck
from extender.service.live.store import LiveStore
from extender.service.live.unconfirmed_pods import UnconfirmedPods
from extender.service.wire import host_priorities
from tests import builders as b

SAMPLED = 0.46
"""Share of 500 nodes that the scheduler finds feasible before it stops looking."""
PAIR = b.spec(b.request("gpu", "gpu"), b.request("nic", "rdma"))
"""The classes of the generated fleet."""


@dataclass(frozen=True)
class Run:
    """
    ``weight`` of the extender; ``lag``: pods that come before the API shows one; ``fills``: the scheduler
    prefers full nodes, else empty ones; ``cpus`` that a pod asks for (0: the scheduler assumes 0.1).
    ``places``: whether we prefer some of the best nodes for a pod.
    """

    weight: int
    lag: int
    fills: bool = False
    cpus: float = 0.0
    places: bool = True


@dataclass
class Result:
    """``results`` of all comparisons; ``best``: pods on a node as aligned as any that was offered."""

    results: Counter[str] = field(default_factory=Counter)
    best: int = 0


def place(start: Snapshot, run: Run, pods: int, seed: int = 1) -> Result:
    """Place ``pods`` with one GPU and one NIC on the nodes of ``start`` and compare."""
    chance = random.Random(seed)
    found = Result()
    live = _live(start, pods, found.results)
    truth = live.store.current
    memo: Memo[tuple[str, int]] = Memo(lambda names, score: [(name, score) for name in names])
    cpus = {name: float(state.node.allocatable["cpu"].value) for name, state in truth.nodes.items()}
    used: dict[str, float] = dict.fromkeys(truth.nodes, 0.0)
    waiting, first = deque[Claim](), 0
    names = list(truth.nodes)
    for number in range(pods):
        pod = b.pod(f"pod-{number}", f"claim-{number}")
        actual = evaluate(truth, pod, memo, Settings())
        scores = dict(actual.entries(names))
        offered = [
            name
            for name in names[first:] + names[:first]
            if scores[name] and used[name] + run.cpus <= cpus[name]
        ][: int(len(names) * SAMPLED)]
        first = names.index(offered[-1])
        said = _asked(live, pod, offered, places=run.places)
        totals = {
            name: 10 * run.weight * said[name] + _own(used[name] + (run.cpus or 0.1), cpus[name], run)
            for name in offered
        }
        node = chance.choice([name for name in offered if totals[name] == max(totals.values())])
        found.best += scores[node] == max(scores[name] for name in offered)
        used[node] += run.cpus or 0.1
        (claim,) = actual.allocated_on(node)
        truth = truth.with_claims([claim])
        waiting.append(replace(claim, reserved_for=(Consumer("pods", pod.name, pod.uid),)))
        if len(waiting) > run.lag:
            live.handler.apply(Changes.of(RESOURCE_CLAIM, [waiting.popleft()]))
    live.handler.apply(Changes.of(RESOURCE_CLAIM, [*waiting]))
    for _ in range(2):
        live.checks.settle(live.store.current)
    return found


def _live(start: Snapshot, pods: int, results: Counter[str]) -> LiveFollower:
    store = LiveStore(start.release, InFlight(30.0), lambda: 0.0)
    nodes = [state.node for state in start.nodes.values()]
    claims = [b.claim(f"claim-{number}", PAIR) for number in range(pods)]
    for changes in b.first_lists(nodes, start.published.values(), start.classes.values(), claims):
        store.apply(changes)
    checks = PredictionCheck(
        evaluate, Settings(), lambda: 0.0, lambda match: results.update([str(match)]), lambda _: None
    )
    return LiveFollower(
        store=store,
        handler=EventHandler(
            store, DelayedReleases(lambda: 0.0), checks, unconfirmed=UnconfirmedPods(lambda: 0.0)
        ),
        checks=checks,
        evaluate=evaluate,
        memo=Memo(host_priorities),
        settings=Settings(),
        reflectors=(),
        clock=lambda: 0.0,
        stale_seconds=300.0,
    )


def _asked(live: LiveFollower, pod: Pod, offered: Sequence[str], *, places: bool) -> dict[str, int]:
    """What we answer, and follow, as the verb does."""
    live.on_request(pod, offered)
    evaluation = live.evaluate(live.store.current, pod, live.memo, live.settings)
    entries = evaluation.entries(offered)
    if places:
        entries = live.on_scored(pod, evaluation, offered, entries)
    else:
        live.on_unscored(pod, offered)
    return {entry["Host"]: entry["Score"] for entry in map(orjson.loads, entries)}


def _own(used: float, cpus: float, run: Run) -> int:
    """NodeResourcesFit by CPU: LeastAllocated, or MostAllocated where nodes are to be filled."""
    return int(100 * used / cpus) if run.fills else int(100 * (cpus - used) / cpus)


def generated(nodes: int) -> Snapshot:
    """The fleet that ``dra-extender bench`` and the measurements use."""
    builder = ClusterBuilder()
    builder.add(json.dumps(fleet(nodes)).encode())
    return cluster_input(builder.build(), None).snapshot


def main() -> int:
    """Print a table."""
    snapshot = generated(500)
    sys.stdout.write("prefers  cpus  weight  lag  places  best alignment  predictions of 300\n")
    cases = itertools.product((False, True), (0.0, 8.0), (2, 20), (5, 10), (False, True))
    for fills, cpus, weight, lag, places in cases:
        found = place(snapshot, Run(weight, lag, fills, cpus, places), 300)
        said = ", ".join(f"{count} {name}" for name, count in found.results.most_common())
        sys.stdout.write(
            f"{'full' if fills else 'empty':7}  {cpus:4g}  {weight:6}  {lag:3}  "
            f"{'yes' if places else 'no':6}  {found.best:14}  {said}\n"
        )
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
