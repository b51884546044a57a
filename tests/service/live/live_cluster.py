"""A service on a live cluster of three nodes: two with an aligned pair, one with its devices apart."""

from __future__ import annotations

import json
from collections.abc import Coroutine, Sequence
from typing import Any

from extender.core.prediction.evaluate import Memo, Settings, evaluate
from extender.core.releases.history import release_for
from extender.kube.watch.events import ReflectorState
from extender.model import Node, ResourceSlice
from extender.model.kinds import KINDS
from extender.service.http.dependencies import Service
from extender.service.http.verbs import Answer
from extender.service.live.delayed_releases import DelayedReleases
from extender.service.live.event_handler import EventHandler
from extender.service.live.follower import LiveFollower
from extender.service.live.in_flight import InFlight
from extender.service.live.prediction_check import PredictionCheck
from extender.service.live.store import LiveStore
from extender.service.live.unconfirmed_pods import UnconfirmedPods
from extender.service.metrics.metrics import Metrics
from extender.service.wire import host_priorities
from tests import builders as b
from tests.clock import Clock

NODES = ["x", "y", "far"]


def live_service(clock: Clock, *, more: Sequence[str] = (), **options: Any) -> Service:
    """The service, for two pods with the claims ``c`` and ``d``; ``more``: names of further aligned nodes."""
    store = LiveStore(release_for("1.36"), InFlight(30.0), clock)
    nodes: list[Node] = []
    slices: list[ResourceSlice] = []
    for name in (*NODES, *more):
        node, published = b.pair_node(name, ["a"], ["b" if name == "far" else "a"], numa={"a": 0, "b": 1})
        nodes.append(node)
        slices += published
    for changes in b.first_lists(nodes, slices, b.CLASSES, [b.claim("c"), b.claim("d")]):
        store.apply(changes)
    settings, memo = Settings(), Memo(host_priorities)
    checks = PredictionCheck(evaluate, settings, clock, lambda _: None, lambda _: None)
    live = LiveFollower(
        store=store,
        handler=EventHandler(store, DelayedReleases(clock), checks, unconfirmed=UnconfirmedPods(clock)),
        checks=checks,
        evaluate=evaluate,
        memo=memo,
        settings=settings,
        reflectors=tuple(ReflectorState(kind.name, synced=True, last_contact=clock.now) for kind in KINDS),
        clock=clock,
        stale_seconds=300.0,
        **options,
    )
    return Service(store=store, settings=settings, metrics=Metrics("1.36.2"), memo=memo, follower=live)


def body(pod: str, claim: str, *names: str, alignment: str | None = None, group: str = "") -> bytes:
    """A body of filter or prioritize about a pod with one claim: the one that ``builders.pod`` makes."""
    entries = [{"name": claim, "resourceClaimName": claim}]
    spec: dict[str, Any] = {"containers": [], "resourceClaims": entries}
    if group:
        spec["schedulingGroup"] = {"podGroupName": group}
    metadata: dict[str, Any] = {"name": pod, "namespace": "default", "uid": f"uid-{pod}"}
    if alignment is not None:
        metadata["annotations"] = {"dra-extender.io/alignment": alignment}
    document = {"Pod": {"metadata": metadata, "spec": spec}, "NodeNames": list(names or NODES)}
    return json.dumps(document).encode()


def at_once(answer: Coroutine[object, None, Answer]) -> Answer:
    """What a handler answers that awaits nothing: all is known, or found out within a turn."""
    try:
        answer.send(None)
    except StopIteration as done:
        found: Answer = done.value
        return found
    raise AssertionError("the handler waits for something")
