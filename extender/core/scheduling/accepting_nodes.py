"""
Which nodes of a frozen cluster accept a pod beside its devices, as far as the input tells.

A recording does not tell what pods ask of nodes, and a dump may leave it out. What is not known refuses
no node, and is said. Pods can be moved, so that a plan sees what they leave and take.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from copy import copy
from dataclasses import replace
from functools import partial

from extender.model.kinds import DEVICE_CLASS, NODE
from extender.model.scheduling import PodAffinity, SchedulingPod
from extender.model.scheduling_kinds import SCHEDULING_NODE, SCHEDULING_POD

from ..cluster.backed_names import backed_names
from ..cluster.objects import Objects
from ..messages import params_of
from ..releases.release import Release
from .accepted import Accepted, Answer, NotTold, NotToldCode, Refusals
from .filtering import feasible
from .node_info import NodeInfo, Nodes, has_more_without, nodes_of
from .placed_pods import PlacedPods, PodKey
from .reasons import FilterReason, NotModelled, NotModelledCode, not_modelled
from .remembered_answers import RememberedAnswers, without_name
from .rules import rules_of
from .work import pod_work

MOST_CONDITIONS = 20_000_000
"""Conditions that all questions may cost, seconds. Pods beyond are not judged."""


class AcceptingNodes:
    """
    Answers for the pods of ``objects``, read a second time (``scheduling_kinds``); equal pods ask once.

    ``occupied``: with the pods that are on nodes; else what nodes would accept if no pod were there,
    whatever pods want of each other.
    """

    def __init__(self, objects: Objects, release: Release, *, occupied: bool = True) -> None:
        self._rules = rules_of(release)
        self._dra_resources = backed_names(objects[DEVICE_CLASS].values())
        told = objects[SCHEDULING_NODE]
        self._nodes = {name: told[name] for name in sorted(objects[NODE]) if name in told}
        self._without_amounts = {name for name, node in self._nodes.items() if not node.allocatable}
        self._untold = len(objects[NODE]) - len(self._nodes) + len(self._without_amounts)
        self._pods = objects[SCHEDULING_POD]
        self._occupied = occupied
        self._placed = PlacedPods(self._rules)
        for key, pod in self._pods.items() if occupied else ():
            self._placed.place(key, pod, pod.node_name or pod.nominated_node_name)
        self._infos: dict[str, NodeInfo] = {}
        self._all: Nodes | None = None
        self._avoided = self._nodes_avoided()
        self._read_labels = frozenset(
            key for _, pod in self._placed if pod.affinity for key in _keys_avoided(pod.affinity)
        )
        self._answers: RememberedAnswers[Answer] = RememberedAnswers()
        self._conditions = 0

    def copied(self) -> AcceptingNodes:
        """The same cluster with a limit of its own, to move pods in without moving them here."""
        other = copy(self)
        other._placed, other._infos = self._placed.copied(), dict(self._infos)
        other._answers, other._conditions = RememberedAnswers(), 0
        return other

    def pod(self, key: PodKey) -> SchedulingPod | None:
        """The pod as the default scheduler sees it, ``None`` where the input does not tell."""
        pod = self._pods.get(key)
        return pod if pod is not None and pod.resources.containers else None

    def question(self, pod: SchedulingPod | None) -> Hashable:
        """Equal for pods that the same nodes accept, their own aside."""
        if pod is None or _minds_others(pod):
            return pod and _coming(pod)
        return without_name(
            pod, {key: value for key, value in pod.labels.items() if key in self._read_labels}
        )

    def accepted(self, pod: SchedulingPod | None) -> Accepted:
        """Where the pod may go; a pod that is on a node is taken from it first."""
        if pod is None:
            return Accepted({}, (NotTold(NotToldCode.POD),))
        if not self._occupied:
            pod = replace(pod, affinity=None, spread=())
        key = pod.namespace, pod.name
        own = self._placed.node_of(key)
        question = self.question(pod)
        if _minds_others(pod):
            beyond = self._beyond_limit()
            answer = Answer(pod=_coming(pod), unchecked=beyond)
            if not beyond:
                # A view of all nodes for this pod alone is work, too.
                self._judge(answer, self._view(key))
        else:
            answer = self._remembered(pod, question)
        return Accepted(
            Refusals(answer, self._refresh),
            (*answer.unchecked, *self._not_told()),
            (own, partial(self._own_refusal, pod, answer)),
            question,
        )

    def move(self, key: PodKey, node: str) -> None:
        """The pod leaves its node and goes to another one."""
        pod, left = self._pods.get(key), self._placed.node_of(key)
        only_more = self._has_more_without(left, key)
        if node and left:
            self._placed.move(key, node)
        else:
            self._placed.place(key, pod, node)
        changed = {left, node} & self._nodes.keys()
        for name in changed:
            self._infos.pop(name, None)
        self._all = None
        if pod is not None and pod.affinity is not None:
            # It may keep others away from a whole domain.
            self._answers.clear()
            self._avoided = self._nodes_avoided()
        for answer in self._answers:
            # A node that accepts pods accepts them with more room, too.
            gained = only_more and left != node and not (answer.unchecked or left in answer.refusals)
            answer.stale.update(changed - {left} if gained else changed)

    def _own_refusal(self, pod: SchedulingPod, answer: Answer) -> FilterReason | None:
        """Why its own node refuses the pod with the pod taken from it."""
        key = pod.namespace, pod.name
        own = self._placed.node_of(key)
        refusal = Refusals(answer, self._refresh).get(own)
        if own not in self._nodes or _minds_others(pod):
            return refusal
        if refusal is None and not answer.unchecked and self._has_more_without(own, key):
            return None
        alone = Answer(pod=answer.pod)
        self._judge(alone, self._some({own: self._placed.info(self._nodes[own], key)}))
        return alone.refusals.get(own)

    def _info(self, name: str) -> NodeInfo:
        """The node with the pods on it, as things stand."""
        info = self._infos.get(name)
        if info is None:
            info = self._infos[name] = self._placed.info(self._nodes[name])
        return info

    def _has_more_without(self, name: str, key: PodKey) -> bool:
        pod = self._placed.placed(key)
        return name in self._nodes and pod is not None and has_more_without(self._info(name), pod)

    def _nodes_avoided(self) -> tuple[str, ...]:
        """The nodes with pods that may keep others away from them."""
        avoided = {name for name, pod in self._placed if pod.affinity and pod.affinity.required_anti}
        return tuple(sorted(avoided & self._nodes.keys()))

    def _not_told(self) -> tuple[NotTold, ...]:
        if not self._untold:
            return ()
        return (NotTold(NotToldCode.AMOUNTS, params_of({"nodes": self._untold})),)

    def _remembered(self, pod: SchedulingPod, question: Hashable) -> Answer:
        answer = self._answers.get(question)
        if answer is None:
            answer = Answer(pod=_coming(pod))
            self._judge(answer, self._view())
            self._answers.put(question, answer)
        if answer.stale and answer.unchecked:
            # Where something was not modelled, no node was judged.
            self._refresh(answer, self._nodes)
        return answer

    def _refresh(self, answer: Answer, names: Iterable[str]) -> None:
        """Judge nodes that changed again."""
        infos = {name: self._info(name) for name in names}
        answer.stale.difference_update(infos)
        self._judge(answer, self._some(infos))

    def _judge(self, answer: Answer, nodes: Nodes) -> None:
        """Bring an answer up to date for ``nodes``."""
        pod = answer.pod
        self._conditions += len(nodes.infos) + pod_work(
            pod,
            nodes=len(nodes.infos),
            pods_in_namespace=len(nodes.pods_by_namespace.get(pod.namespace, ())),
            pods=len(self._placed),
        )
        if beyond := self._beyond_limit():
            answer.unchecked = beyond
            return
        unknown = {
            position for position, info in enumerate(nodes.infos) if info.node.name in self._without_amounts
        }
        found = feasible(pod, nodes, self._rules, self._dra_resources, unknown)
        answer.unchecked = found.not_modelled
        for info, refusal in zip(nodes.infos, found.refusals, strict=True):
            if refusal is None:
                answer.refusals.pop(info.node.name, None)
            else:
                answer.refusals[info.node.name] = refusal

    def _beyond_limit(self) -> tuple[NotModelled, ...]:
        """That no more pods are judged, where it is so."""
        if self._conditions <= MOST_CONDITIONS:
            return ()
        code, limit = NotModelledCode.TOO_MUCH_WORK, MOST_CONDITIONS
        return (not_modelled(code, conditions=self._conditions, limit=limit),)

    def _view(self, without: PodKey | None = None) -> Nodes:
        own = self._placed.node_of(without) if without else ""
        if own in self._nodes:
            info = self._placed.info(self._nodes[own], without)
            return nodes_of(info if name == own else self._info(name) for name in self._nodes)
        if self._all is None:
            self._all = nodes_of(map(self._info, self._nodes))
        return self._all

    def _some(self, infos: Mapping[str, NodeInfo]) -> Nodes:
        """Some nodes, and those with pods that may keep others away from them."""
        others = {name: self._info(name) for name in self._avoided}
        return nodes_of({**others, **infos}.values())


def _coming(pod: SchedulingPod) -> SchedulingPod:
    """The pod as it comes: without a node, whoever gave it the one that it has."""
    return replace(pod, node_name="")


def _minds_others(pod: SchedulingPod) -> bool:
    """Whether it hangs on other pods where the pod may go."""
    return pod.affinity is not None or bool(pod.spread)


def _keys_avoided(affinity: PodAffinity) -> Iterable[str]:
    for term in affinity.required_anti:
        yield from (each.key for each in term.selector.requirements) if term.selector else ()
