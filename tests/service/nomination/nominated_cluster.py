"""A nominator on a small live cluster: what the API shows happens in one call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

import orjson

from extender.core.cluster.changes import Changes
from extender.core.nomination.refusals import Refusal
from extender.core.prediction.evaluate import Memo, Settings, evaluate
from extender.core.releases.history import release_for
from extender.core.scheduling import rules_of
from extender.kube.api.event_recorder import ObjectReference
from extender.kube.api.nominations import Written
from extender.model import (
    Allocation,
    Claim,
    ClaimSpec,
    Consumer,
    DeviceID,
    DeviceResult,
    Namespace,
    NodeRequirement,
    NodeSelector,
    NodeSelectorTerm,
)
from extender.model.kinds import NAMESPACE, POD, RESOURCE_CLAIM
from extender.model.pending_pods import FIELD_MANAGER, PENDING_POD, PendingPod
from extender.model.quantity import parse_quantity
from extender.model.scheduling import SchedulingNode, SchedulingPod
from extender.model.scheduling_kinds import SCHEDULING_NODE, SCHEDULING_POD
from extender.service.live.delayed_releases import DelayedReleases
from extender.service.live.event_handler import EventHandler
from extender.service.live.follower import LiveFollower
from extender.service.live.in_flight import InFlight
from extender.service.live.prediction_check import Match, PredictionCheck
from extender.service.live.store import LiveStore
from extender.service.live.unconfirmed_pods import UnconfirmedPods
from extender.service.namespace_limit import NamespaceLimit
from extender.service.nomination.choosing import Preparation
from extender.service.nomination.node_rules import NodeRules
from extender.service.nomination.nominator import NominationSettings, Nominator
from extender.service.nomination.notices import Notices
from extender.service.nomination.outstanding import Nomination
from extender.service.nomination.results import Counted, NominationResult
from extender.service.nomination.waiting_pods import WaitingPod
from extender.service.wire import host_priorities
from tests import builders as b
from tests.clock import Clock

T = TypeVar("T")

SECONDS = 30.0
SCHEDULER = "kube-scheduler"


def there(found: T | None) -> T:
    """What the test counts on."""
    assert found is not None
    return found


class NominatedCluster:
    """
    ``results`` and ``refusals`` count what is told, ``events`` are pod, reason and note of each. Pods are
    called ``<name>`` and claim ``c-<name>``.
    """

    def __init__(self, *machines: b.Machine, room: int = 110) -> None:
        self.clock = Clock()
        self.results: Counter[NominationResult] = Counter()
        self.refusals: Counter[Refusal] = Counter()
        self.matches: Counter[Match] = Counter()
        self.events: list[tuple[str, str, str]] = []
        self.limited: list[int] = []
        self.store = LiveStore(release_for("1.36.2"), InFlight(SECONDS), self.clock)
        settings, memo = Settings(), Memo(host_priorities)
        self.checks = PredictionCheck(
            evaluate, settings, self.clock, lambda match: self.matches.update([match]), lambda _: None
        )
        self.nominator = Nominator(
            self.store,
            self.checks,
            lambda pod: evaluate(self.store.current, pod, memo, settings),
            NodeRules(rules_of(self.store.current.release), lambda: self.store.current.classes),
            NominationSettings(schedulers=frozenset(["default-scheduler"]), seconds=SECONDS),
            self.clock,
            Counted(
                lambda result: self.results.update([result]), lambda refusal: self.refusals.update([refusal])
            ),
            notices=Notices(self._record, NamespaceLimit(self.clock), lambda: self.limited.append(1)),
        )
        self.handler = EventHandler(
            self.store,
            DelayedReleases(self.clock),
            self.checks,
            unconfirmed=UnconfirmedPods(self.clock),
            nominator=self.nominator,
        )
        self.follower = LiveFollower(
            store=self.store,
            handler=self.handler,
            checks=self.checks,
            evaluate=evaluate,
            memo=memo,
            settings=settings,
            reflectors=(),
            clock=self.clock,
            stale_seconds=300.0,
            decisive=True,
            nominated=self.nominator.asked,
        )
        self.claims: dict[str, Claim] = {}
        # What pods ask of nodes; a test sets it before it creates the pod.
        self.asks: dict[str, SchedulingPod] = {}
        nodes = [node for node, _ in machines]
        for changes in b.first_lists(nodes, [each for _, found in machines for each in found], b.CLASSES):
            self.handler.apply(changes)
        amounts = (("cpu", parse_quantity("8")), ("pods", parse_quantity(str(room))))
        self.nodes(*(SchedulingNode(node.name, allocatable=amounts) for node in nodes))
        self.nominator.begin()
        self._version = 0

    def _record(self, about: ObjectReference, *, reason: str, note: str, action: str, warning: bool) -> None:
        assert (action, warning) == ("Nominating", True)
        self.events.append((about.name, reason, note))

    def nodes(self, *nodes: SchedulingNode) -> None:
        """The API shows nodes."""
        self.nominator.apply(Changes.of(SCHEDULING_NODE, nodes))

    def create(self, name: str, *, of: ClaimSpec = b.PAIR, **fields: object) -> PendingPod:
        """A pod with its claim; ``fields`` of the pending pod."""
        self.claim(replace(b.claim(f"c-{name}", of), owner_uid=f"uid-{name}"))
        return self.show(PendingPod("default", name, f"uid-{name}", **fields))  # type: ignore[arg-type]

    def claim(self, claim: Claim) -> None:
        """The API shows a claim."""
        self.claims[claim.name] = claim
        self.handler.apply(Changes.of(RESOURCE_CLAIM, [claim]))

    def show(self, pending: PendingPod, annotations: Mapping[str, str] | None = None) -> PendingPod:
        """The API shows the pod, in a new version."""
        self._version += 1
        pending = replace(pending, version=str(self._version))
        pod = replace(
            b.pod(pending.name, f"c-{pending.name}"),
            nominated_node_name=pending.nominated_node,
            annotations=annotations or {},
        )
        self.handler.apply(Changes.of(POD, [pod]))
        asks = self.asks.setdefault(
            pending.name, SchedulingPod("default", pending.name, pending.uid, claims=True)
        )
        asks = replace(asks, nominated_node_name=pending.nominated_node, gated=pending.gated)
        readings = Changes.of(SCHEDULING_POD, [asks]) | Changes.of(PENDING_POD, [pending])
        self.nominator.apply(readings)
        return pending

    def namespace(self, **annotations: str) -> None:
        self.handler.apply(Changes.of(NAMESPACE, [Namespace("default", annotations)]))

    def decide(self) -> Nomination | None:
        """Decide about the pod that comes first; ``None`` where none is ready, or none gets a node."""
        waiting = self.nominator.next_ready()
        return None if waiting is None else self._decided(waiting)

    def decide_all(self) -> list[Nomination]:
        """Decide about every pod that is ready; the nominations in order."""
        made = []
        while (waiting := self.nominator.next_ready()) is not None:
            nomination = self._decided(waiting)
            if nomination is not None:
                made.append(nomination)
        return made

    def _decided(self, waiting: WaitingPod) -> Nomination | None:
        decision = self.nominator.decide(waiting, prepared=True)
        assert not isinstance(decision, Preparation)
        return decision

    def write(self, nomination: Nomination) -> PendingPod:
        """The API server takes the patch and shows it."""
        self.nominator.writing(nomination)
        self.nominator.written(nomination, Written.DONE)
        pending = replace(nomination.pod, nominated_node=nomination.node, nominated_by=(FIELD_MANAGER,))
        return self.show(pending)

    def ask(self, name: str, *nodes: str, filters: bool = True) -> str:
        """The scheduler asks about the pod: ``filters``, and scores of several nodes; where it lands."""
        pod = self.store.current.pods["default", name]
        if filters:
            self.follower.on_request(pod, nodes)
            self.follower.on_filtered(pod, nodes)
        if len(nodes) == 1:
            return nodes[0]
        self.follower.on_request(pod, nodes)
        evaluation = self.follower.evaluate(
            self.store.current, pod, self.follower.memo, self.follower.settings
        )
        entries = self.follower.on_scored(pod, evaluation, nodes, evaluation.entries(nodes))
        scores = {entry["Host"]: entry["Score"] for entry in map(orjson.loads, entries)}
        return max(nodes, key=scores.__getitem__)

    def devices_of(self, name: str) -> set[str]:
        """What the pod is assumed to get, or has, by the names of the devices."""
        allocation = self.store.current.claims["default", f"c-{name}"].allocation
        return {result.id.device for result in allocation.results} if allocation is not None else set()

    def allocate(self, name: str, node: str, devices: Iterable[DeviceID]) -> None:
        """The scheduler writes the pod's claim."""
        results = tuple(
            DeviceResult(request, device)
            for request, device in zip(("gpu", "nic"), sorted(devices, reverse=True), strict=False)
        )
        claim = self.claims[f"c-{name}"]
        of_node = NodeSelectorTerm(fields=(NodeRequirement("metadata.name", "In", (node,)),))
        allocation = Allocation(results, node_selector=NodeSelector((of_node,)))
        self.claim(
            replace(claim, allocation=allocation, reserved_for=(Consumer("pods", name, f"uid-{name}"),))
        )

    def bind(self, name: str, node: str) -> None:
        """The API shows the pod on its node."""
        pod = replace(b.pod(name, f"c-{name}"), node_name=node)
        self.handler.apply(Changes.of(POD, [pod]))
        asks = self.asks.get(name, SchedulingPod("default", name, f"uid-{name}"))
        on_node = Changes.of(SCHEDULING_POD, [replace(asks, node_name=node)])
        self.nominator.apply(on_node | Changes.of(PENDING_POD, (), [("default", name)]))

    def delete(self, name: str) -> None:
        """The pod and its claim go."""
        self.claims.pop(f"c-{name}", None)
        key = "default", name
        self.handler.apply(Changes.of(POD, (), [key]))
        self.nominator.apply(Changes.of(SCHEDULING_POD, (), [key]) | Changes.of(PENDING_POD, (), [key]))
        self.asks.pop(name, None)
        self.handler.apply(Changes.of(RESOURCE_CLAIM, (), [("default", f"c-{name}")]))

    @property
    def assumed(self) -> list[DeviceID]:
        """Every device that is assumed to be taken, once for each claim."""
        return [
            result.id
            for claim in self.store.assumed
            for result in (claim.allocation.results if claim.allocation is not None else ())
        ]


def near(name: str, pairs: int = 1) -> b.Machine:
    """A node with pairs of a GPU and a NIC of one root each."""
    roots = [f"r{number}" for number in range(pairs)]
    return b.pair_node(name, roots, roots, numa=dict.fromkeys(roots, 0))
