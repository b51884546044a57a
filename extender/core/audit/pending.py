"""Pods that wait for devices, and why: on how many nodes what is in the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable
from dataclasses import dataclass

from extender.model import Pod

from ..cluster.snapshot import Snapshot
from ..prediction.evaluate import Evaluation, Memo, Settings, evaluate
from ..reasons import Outcome, render
from ..scheduling import AcceptingNodes, Unchecked, render_filter

MOST_QUESTIONS = 20
"""Kinds of waiting pods that are judged on all nodes; the others are only counted."""

MOST_PODS = 1_000
"""Waiting pods whose claims are looked up; the others are only counted."""


@dataclass(frozen=True, slots=True)
class PendingPods:
    """
    Waiting ``pods`` that all nodes answer alike, by name.

    ``fit``: on how many nodes they fit now. ``reasons``: what is in the way elsewhere, as sentences, on how
    many nodes, the most first. ``unchecked``: what is not known of the nodes that accept them.
    ``judged``: false where too many pods wait; then nothing is known of these.
    """

    pods: tuple[str, ...]
    fit: int = 0
    reasons: tuple[tuple[str, int], ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    judged: bool = True


def pending_pods(
    snapshot: Snapshot, accepting: AcceptingNodes, namespaces: Collection[str] = ()
) -> tuple[PendingPods, ...]:
    """
    The pods with claims that have no node, those of most pods first, then by name.

    ``namespaces``: only pods in these, all where there are none.
    """
    memo: Memo[int] = Memo(lambda names, score: [score] * len(names))
    groups: dict[Hashable, list[tuple[Pod, Evaluation[int]]]] = {}
    left: list[str] = []
    looked_up = 0
    for key, pod in sorted(snapshot.pods.items()):
        if namespaces and pod.namespace not in namespaces:
            continue
        asks = accepting.pod(key)
        if not pod.claims or pod.node_name or (asks is not None and (asks.finished or asks.deleting)):
            continue
        if looked_up == MOST_PODS:
            left.append(_name(pod))
            continue
        looked_up += 1
        evaluation = evaluate(snapshot, pod, memo, Settings())
        question = (evaluation.question, accepting.question(asks))
        groups.setdefault(question, []).append((pod, evaluation))
    ordered = sorted(groups.values(), key=lambda group: (-len(group), group[0][0].name))
    found = [_judged(group, snapshot, accepting) for group in ordered[:MOST_QUESTIONS]]
    left += [_name(pod) for group in ordered[MOST_QUESTIONS:] for pod, _ in group]
    return (*found, PendingPods(tuple(left), judged=False)) if left else tuple(found)


def _judged(
    group: list[tuple[Pod, Evaluation[int]]], snapshot: Snapshot, accepting: AcceptingNodes
) -> PendingPods:
    pod, evaluation = group[0]
    accepted = accepting.accepted(accepting.pod((pod.namespace, pod.name)))
    reasons: Counter[str] = Counter()
    fit = 0
    for name, verdict in evaluation.verdicts(tuple(snapshot.nodes)).items():
        refusal = accepted.refusal(name)
        if refusal is not None:
            reasons[render_filter(refusal)] += 1
        elif verdict.reason is not None:
            reasons[render(verdict.reason)] += 1
        else:
            fit += verdict.outcome is Outcome.ALLOCATED
    names = tuple(_name(each) for each, _ in group)
    return PendingPods(names, fit, tuple(reasons.most_common()), accepted.unchecked)


def _name(pod: Pod) -> str:
    return f"{pod.namespace}/{pod.name}"
