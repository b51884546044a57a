"""
What else the scheduler asks of a node than devices: which nodes a pod may be nominated for.

The nodes with the pods on them as the model of the default scheduler wants them, kept up to date: a change
rebuilds what is known of one node. Pods that are on their way count where they go, as they do for the
scheduler: those that it has assumed, and those that are nominated.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from extender.core.cluster.backed_names import backed_names
from extender.core.nomination.refusals import NotNominated, Refusal
from extender.core.scheduling import NodeInfo, Nodes, NotModelled, PlacedPod, feasible, scores
from extender.core.scheduling.placed_pods import PlacedPods, PodKey
from extender.core.scheduling.remembered_answers import RememberedAnswer, RememberedAnswers, without_name
from extender.core.scheduling.work import affinity_work
from extender.model.scheduling_kinds import SCHEDULING_NODE, SCHEDULING_POD

if TYPE_CHECKING:
    from extender.core.cluster.changes import Changes
    from extender.core.scheduling import SchedulingRules
    from extender.model import DeviceClass
    from extender.model.scheduling import SchedulingNode, SchedulingPod


@dataclass(frozen=True, slots=True)
class PassingNodes:
    """
    The ``names`` of the nodes that pass, sorted.

    ``scores``: for some of these nodes, what the default scheduler's own plugins add up to for each, where
    it may choose among them.
    """

    names: Sequence[str]
    scores: Callable[[Sequence[str]], Mapping[str, int]]


@dataclass(slots=True)
class _Answer(RememberedAnswer):
    """
    Whether each node passes by itself. ``missing``: not modelled.

    ``names``: those that pass, sorted, as of the ``order`` of all nodes; ``None`` where one has changed.
    """

    passes: dict[str, bool] = field(default_factory=dict)
    missing: NotModelled | None = None
    names: Sequence[str] = ()
    order: Sequence[str] | None = None


class NodeRules:
    """
    Which nodes pass for a pod. ``version`` changes with all that may change an answer.

    ``classes``: those of the cluster, in the same mapping until one changes.
    """

    def __init__(self, rules: SchedulingRules, classes: Callable[[], Mapping[str, DeviceClass]]) -> None:
        self._rules, self._classes = rules, classes
        self._backing: Mapping[str, DeviceClass] = {}
        self._backed: frozenset[str] = frozenset()
        self.version = 0
        self._nodes: dict[str, SchedulingNode] = {}
        self._known: set[PodKey] = set()
        # Pods without a node.
        self._pods: dict[PodKey, SchedulingPod] = {}
        # Pods that are sent to a node and not shown there yet.
        self._sent: dict[PodKey, str] = {}
        self._placed = PlacedPods(rules)
        self._infos: dict[str, NodeInfo] = {}
        # Those of all nodes in the order of names.
        self._ordered: list[NodeInfo] = []
        self._stale: set[str] = set()
        self._with_affinity: dict[str, int] = {}
        self._order: tuple[str, ...] | None = None
        self._index: Mapping[str, int] = {}
        self._answers: RememberedAnswers[_Answer] = RememberedAnswers()
        self._images: Mapping[str, int] | None = None

    def on_readings(self, changes: Changes) -> None:
        """Take what the API shows of pods and nodes."""
        for key in changes.gone(SCHEDULING_POD, self._known):
            self._known.discard(key)
            self._pods.pop(key, None)
            self._place(key)
        for pod in changes.upserts(SCHEDULING_POD):
            key = pod.namespace, pod.name
            self._known.add(key)
            self._pods[key] = pod
            self._place(key)
            if pod.node_name or pod.finished:
                # Only what counts of it on its node is kept.
                del self._pods[key]
        gone, new = changes.gone(SCHEDULING_NODE, self._nodes), changes.upserts(SCHEDULING_NODE)
        for name in gone:
            self._nodes.pop(name, None)
            self._infos.pop(name, None)
            for answer in self._answers:
                answer.passes.pop(name, None)
        for node in new:
            before = self._nodes.get(node.name)
            if before == node:
                continue
            if before is None or before.images != node.images:
                self._images = None
            self._nodes[node.name] = node
            self._change(node.name)
        if gone or any(node.name not in self._infos for node in new):
            self._order = self._images = None
            self.version += 1

    def send(self, key: PodKey, node: str) -> None:
        """A pod is nominated for a node."""
        self._sent[key] = node
        self._place(key)

    def take_back(self, key: PodKey) -> None:
        """A pod is not nominated any more, or shown where it was."""
        if self._sent.pop(key, None) is not None and key in self._pods:
            self._place(key)

    def question(self, key: PodKey) -> Hashable:
        """Equal for pods that pass on the same nodes."""
        pod = self._pods.get(key)
        return None if pod is None else without_name(pod)

    def nodes(self, key: PodKey, only: Sequence[str] | None = None) -> PassingNodes | NotNominated:
        """
        The nodes that pass all filters but that of devices, or why that is not known.

        ``only``: of these, which costs what they cost unless the pod or a neighbour minds other pods.
        """
        pod = self._pods.get(key)
        if pod is None:
            return Refusal.CLAIMS
        if not self._is_local(pod):
            names = self._passing(key, pod)
        elif only is None:
            names = self._passing_by_themselves(key, pod)
        else:
            names = self._passing_of(key, pod, only)
        if isinstance(names, NotModelled):
            return names
        if only is not None:
            names = [name for name in only if name in names]

        def totals(equals: Sequence[str]) -> Mapping[str, int]:
            nodes, index = self._view(key), self._index
            positions = sorted(index[name] for name in equals)
            found = scores(pod, nodes, positions, self._rules, dra_resources=self._dra_resources())
            of_position = zip(positions, found.totals, strict=True)
            return {nodes.infos[position].node.name: total for position, total in of_position}

        return PassingNodes(names, totals)

    def _is_local(self, pod: SchedulingPod) -> bool:
        """Whether it hangs on a node alone if it passes: nobody asks for or against other pods."""
        return pod.affinity is None and not pod.spread and not self._with_affinity

    def _passing(self, key: PodKey, pod: SchedulingPod) -> Sequence[str] | NotModelled:
        answer = feasible(pod, self._view(key), self._rules, self._dra_resources())
        if answer.not_modelled:
            return answer.not_modelled[0]
        return [self._names[position] for position in answer.feasible]

    def _passing_by_themselves(self, key: PodKey, pod: SchedulingPod) -> Sequence[str] | NotModelled:
        """Like ``_passing``; only nodes that changed since a pod like this one was here are looked at."""
        question = self.question(key), self._dra_resources()
        answer = self._answers.get(question)
        if answer is None:
            answer = _Answer(stale=set(self._names))
            self._answers.put(question, answer)
        self._judge(answer, pod)
        if answer.missing is not None:
            return answer.missing
        if answer.order is not self._names:
            answer.order = self._names
            answer.names = [name for name in self._names if answer.passes[name]]
        own = self._placed.node_of(key)
        if own not in self._nodes:
            return answer.names
        found = self._passing_of(key, pod, (own,))
        if isinstance(found, NotModelled):
            return found
        return sorted([*found, *(name for name in answer.names if name != own)])

    def _passing_of(
        self, key: PodKey, pod: SchedulingPod, names: Sequence[str]
    ) -> Sequence[str] | NotModelled:
        """Those of a few nodes that pass by themselves, with the pods on them but this one."""
        known = [name for name in names if name in self._nodes]
        infos = tuple(self._info(name, key) for name in known)
        verdict = feasible(pod, self._some(infos), self._rules, self._dra_resources())
        return verdict.not_modelled[0] if verdict.not_modelled else [known[each] for each in verdict.feasible]

    def _judge(self, answer: _Answer, pod: SchedulingPod) -> None:
        """Bring an answer up to date."""
        self._refresh()
        if answer.missing is not None and answer.stale:
            # Then no node was judged.
            answer.stale.update(self._names)
        names = [name for name in answer.stale if name in self._nodes]
        answer.stale.clear()
        if not names:
            return
        verdict = feasible(
            pod, self._some(tuple(self._infos[name] for name in names)), self._rules, self._dra_resources()
        )
        answer.missing = verdict.not_modelled[0] if verdict.not_modelled else None
        accepted = frozenset(verdict.feasible)
        passes = {name: position in accepted for position, name in enumerate(names)}
        if any(answer.passes.get(name) is not now for name, now in passes.items()):
            answer.order = None
        answer.passes.update(passes)

    def _some(self, infos: tuple[NodeInfo, ...]) -> Nodes:
        """Nodes without what is looked up across all of them."""
        return Nodes(infos=infos, pods_by_namespace={}, with_affinity=(), image_nodes={})

    @property
    def _names(self) -> tuple[str, ...]:
        if self._order is None:
            self._order, self._ordered = tuple(sorted(self._nodes)), []
            self._index = {name: position for position, name in enumerate(self._order)}
        return self._order

    def _place(self, key: PodKey) -> None:
        """Count a pod where it is now, or is going to be."""
        pod = self._pods.get(key)
        node = pod.node_name or pod.nominated_node_name or self._sent.get(key, "") if pod is not None else ""
        before, now = self._placed.place(key, pod, node)
        if before == now:
            return
        for placement, sign in ((before, -1), (now, 1)):
            if placement is not None:
                self._count_affinity(*placement, sign)
                self._change(placement[0])

    def _count_affinity(self, node: str, placed: PlacedPod, sign: int) -> None:
        if placed.affinity is None:
            return
        # One more than its work, so that a node with a term that costs nothing counts, too.
        left = self._with_affinity.get(node, 0) + sign * (1 + affinity_work(placed.affinity))
        if left:
            self._with_affinity[node] = left
        else:
            self._with_affinity.pop(node, None)

    def _change(self, node: str) -> None:
        self.version += 1
        self._stale.add(node)
        self._answers.change((node,))

    def _refresh(self) -> None:
        """Bring what is known of nodes up to date."""
        names, index = self._names, self._index
        for name in self._stale:
            if name in self._nodes:
                self._infos[name] = self._info(name)
                if self._ordered:
                    self._ordered[index[name]] = self._infos[name]
        self._stale.clear()
        if not self._ordered:
            self._ordered = [self._infos[name] for name in names]

    def _view(self, own: PodKey) -> Nodes:
        """All nodes with the pods on them, but the pod ``own``, which may be sent to one already."""
        self._refresh()
        ordered = tuple(self._ordered)
        node = self._placed.node_of(own)
        if node in self._nodes:
            position = self._index[node]
            ordered = (*ordered[:position], self._info(node, own), *ordered[position + 1 :])
        if self._images is None:
            counts: dict[str, int] = {}
            for info in ordered:
                for image in {image for image, _ in info.node.images}:
                    counts[image] = counts.get(image, 0) + 1
            self._images = counts
        return Nodes(
            infos=ordered,
            pods_by_namespace=_PodsByNamespace(ordered),
            with_affinity=tuple(
                sorted(self._index[name] for name in self._with_affinity if name in self._nodes)
            ),
            image_nodes=self._images,
            affinity_conditions=sum(self._with_affinity.values()),
        )

    def _info(self, name: str, without: PodKey | None = None) -> NodeInfo:
        return self._placed.info(self._nodes[name], without)

    def _dra_resources(self) -> frozenset[str]:
        """The extended resources that a device class backs."""
        classes = self._classes()
        if classes is not self._backing:
            self._backing, self._backed = classes, backed_names(classes.values())
        return self._backed


class _PodsByNamespace(Mapping[str, Sequence[tuple[int, PlacedPod]]]):
    """Gathered when somebody asks: most pods have no terms about others."""

    def __init__(self, infos: tuple[NodeInfo, ...]) -> None:
        self._infos = infos

    @cached_property
    def _by_namespace(self) -> Mapping[str, Sequence[tuple[int, PlacedPod]]]:
        found: dict[str, list[tuple[int, PlacedPod]]] = {}
        for position, info in enumerate(self._infos):
            for pod in info.pods:
                found.setdefault(pod.namespace, []).append((position, pod))
        return found

    def __getitem__(self, namespace: str) -> Sequence[tuple[int, PlacedPod]]:
        return self._by_namespace[namespace]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_namespace)

    def __len__(self) -> int:
        return len(self._by_namespace)
