"""
Where a recorded pod landed, and where our scores would have put it.

Both are asked of the service over HTTP, on the state that the attempt saw.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

import orjson

from extender.core.alignment.pairs import Alignment
from extender.core.reasons import ReasonCode, reason, render
from extender.core.topology.vocabulary import DeviceKind, Vocabulary
from extender.kube.recording.reader import Attempt
from extender.service.explain import ExplainedDevice, ExplainedNode, ExplainedPair, read_explanation

from ..protocol_check import offered_nodes
from ..replay.timeline import Timeline, pod_of
from .judges import Judges


class Client(Protocol):
    """Posts to the extender."""

    async def post(self, verb: str, body: bytes) -> bytes:
        """Return the body of the answer."""
        ...


@dataclass(frozen=True, slots=True)
class PodPlacement:
    """
    A node for a pod, with the devices it has or would have there; ``score`` is ours for it.

    ``pairs`` and ``predicted`` are by all that the extender knows, ``published`` by what drivers publish,
    ``documented`` by what the machine is, ``None`` where that is not known.
    """

    node: str
    score: int
    predicted: float | None
    pairs: tuple[ExplainedPair, ...]
    devices: tuple[ExplainedDevice, ...]
    published: Alignment
    documented: Alignment | None


@dataclass(frozen=True, slots=True)
class Decision:
    """
    One recorded attempt: the node that stock scheduling chose, and the node that our scores choose.

    ``requested`` are counts of devices by kind, or by class where the pod got none.
    ``stock`` is ``None`` for a pod that got no node; ``reasons`` are then the
    sentences that say why, each with the number of nodes it holds for.
    ``ours`` is ``None`` where the scheduler had no choice to make.
    ``equals`` is how many of the ``offered`` nodes share the highest score.
    ``prediction_right``: the devices predicted on the stock node are those that
    were allocated; ``None`` where the recording does not tell.
    """

    pod: str
    requested: tuple[tuple[str, int], ...]
    offered: int
    stock: PodPlacement | None
    ours: PodPlacement | None
    equals: int
    prediction_right: bool | None
    condition: str
    reasons: tuple[tuple[str, int], ...]


async def compare_decision(attempt: Attempt, timeline: Timeline, client: Client, judges: Judges) -> Decision:
    """Ask the service about one attempt; leaves ``timeline`` after it."""
    timeline.move_to(attempt)
    offered = _offered(attempt) or tuple(timeline.store.current.nodes)
    scores = await _scores(attempt, client)
    outcome = attempt.outcome
    if not outcome.node:
        nodes = await _explain(attempt, offered, client)
        return Decision(
            pod=attempt.pod_name,
            requested=_classes(attempt),
            offered=len(offered),
            stock=None,
            ours=None,
            equals=0,
            prediction_right=None,
            condition=outcome.condition.reason if outcome.condition is not None else "",
            reasons=tuple(Counter(map(_reason, nodes.values())).most_common()),
        )
    choice, equals = _choice(scores, outcome.node)
    nodes = await _explain(attempt, {outcome.node, choice or outcome.node}, client)
    timeline.allocate(attempt)
    allocated = (await _explain(attempt, {outcome.node}, client))[outcome.node]
    stock = _placement(outcome.node, allocated, judges)
    ours = stock if choice == outcome.node else None
    if choice is not None and ours is None:
        ours = _placement(choice, nodes[choice], judges)
    complete = all(allocation is not None for _, allocation in outcome.allocations)
    return Decision(
        pod=attempt.pod_name,
        requested=_kinds(allocated.devices, timeline.store.current.vocabulary),
        offered=len(offered),
        stock=stock,
        ours=ours,
        equals=equals,
        prediction_right=_names(nodes[outcome.node]) == _names(allocated) if complete else None,
        condition="",
        reasons=(),
    )


async def _explain(attempt: Attempt, names: Collection[str], client: Client) -> Mapping[str, ExplainedNode]:
    """Ask what the pod gets on the nodes ``names``, as the cluster stands now."""
    recorded = _recorded(attempt, "filter") or _recorded(attempt, "prioritize")
    if recorded is not None and attempt.pod is not None:
        pod = orjson.loads(recorded)["Pod"]
    else:
        attempt_pod = pod_of(attempt)
        pod = {
            "metadata": {"name": attempt_pod.name, "namespace": attempt_pod.namespace},
            "spec": {
                "resourceClaims": [
                    {"name": claim.name, "resourceClaimName": claim.claim} for claim in attempt_pod.claims
                ]
            },
        }
    body = orjson.dumps({"Pod": pod, "Nodes": None, "NodeNames": sorted(names)})
    return read_explanation(await client.post("explain", body)).nodes


def _reason(node: ExplainedNode) -> str:
    """Why the pod cannot run on the node; the same for nodes where nothing fits, whatever is there."""
    return _NO_FIT if node.reason == ReasonCode.NO_FIT else node.message or node.outcome


_NO_FIT = render(reason(ReasonCode.NO_FIT))


def _offered(attempt: Attempt) -> tuple[str, ...]:
    """The nodes of the attempt's requests, each once."""
    names = [
        name
        for verb in ("filter", "prioritize")
        if (body := _recorded(attempt, verb)) is not None
        for name in offered_nodes(body)
    ]
    return tuple(dict.fromkeys(names))


async def _scores(attempt: Attempt, client: Client) -> dict[str, int]:
    """Send what the scheduler sent, in its order; return our scores by node."""
    filter_body, prioritize_body = _recorded(attempt, "filter"), _recorded(attempt, "prioritize")
    if filter_body is not None:
        await client.post("filter", filter_body)
    if prioritize_body is None:
        return {}
    answer = orjson.loads(await client.post("prioritize", prioritize_body))
    return {entry["Host"]: entry["Score"] for entry in answer}


def _choice(scores: dict[str, int], stock: str) -> tuple[str | None, int]:
    """
    The node with the highest score, and how many have it.

    Among equals the scheduler's own scores decide: that is the stock node if it
    is one of them. If not, they are not known, and the first by name stands for all.
    """
    if not scores:
        return None, 0
    highest = max(scores.values())
    best = [name for name, score in scores.items() if score == highest]
    return (stock if stock in best else min(best)), len(best)


def _recorded(attempt: Attempt, verb: str) -> bytes | None:
    return next((request.body for request in attempt.requests if request.verb == verb), None)


def _placement(name: str, node: ExplainedNode, judges: Judges) -> PodPlacement:
    return PodPlacement(
        node=name,
        score=node.score,
        predicted=node.alignment.predicted,
        pairs=node.alignment.pairs,
        devices=node.devices,
        published=judges.published(name, [device.id for device in node.devices]),
        documented=judges.documented(name, [device.id for device in node.devices]),
    )


def _names(node: ExplainedNode) -> list[tuple[str, str, str]]:
    return [(device.claim, device.request, device.id) for device in node.devices]


def _kinds(devices: tuple[ExplainedDevice, ...], vocabulary: Vocabulary) -> tuple[tuple[str, int], ...]:
    counts = Counter(vocabulary.attributes(device.driver).kind for device in devices)
    return tuple((kind.value, counts[kind]) for kind in DeviceKind if kind in counts)


def _classes(attempt: Attempt) -> tuple[tuple[str, int], ...]:
    """What the pod's claims ask for by DeviceClass; of alternatives the first."""
    wanted = {(pod_of(attempt).namespace, entry.claim) for entry in pod_of(attempt).claims}
    counts: Counter[str] = Counter()
    for claim in attempt.claims:
        if claim.key in wanted:
            for request in claim.spec.requests:
                exact = request.first_available[0] if request.first_available else request.exactly
                if exact is not None:
                    counts[exact.device_class] += exact.count
    return tuple(sorted(counts.items()))
