"""
How near the devices of running pods are to each other, and how near they could be.

A verdict must hold wherever devices really are: a pair of unknown distance counts as
near where the pod's own devices are rated and as far where others are, so a loss is
what is lost at least.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from extender.model import Pod
from extender.model.scheduling_kinds import SCHEDULING_POD

from ..alignment.worths import DEFAULT_WORTHS, Worths
from ..cluster.double_use import DoubleUse, HeldDevices, double_uses_of
from ..cluster.snapshot import Snapshot
from .changing_nodes import ChangingNodes
from .findings import PodFinding
from .jobs import JobFinding, jobs_of
from .joint_plan import NO_PLAN, JointPlan, joint_plan
from .node_kinds import NodeKinds
from .pending import PendingPods, pending_pods
from .planner import Planner
from .possible import AUDIT_STEPS, Possibilities
from .running_pod import RunningPod, Unrated
from .running_pods import running_pods


@dataclass(frozen=True, slots=True)
class Audit:
    """
    ``findings``: the rated pods by node, namespace and name; ``unrated``: how many pods are not, and why.

    Not ``complete``: the budget ran out, so pods may lose more than is said. ``double_uses``: the cards of
    all nodes that are given away twice, each with its node, by name. ``plan``: what brings the pods nearer
    devices together. ``jobs``: pods that wait for each other. ``pending``: pods that wait for devices.
    """

    snapshot: Snapshot
    worths: Worths
    findings: tuple[PodFinding, ...]
    unrated: Counter[Unrated]
    complete: bool
    double_uses: tuple[tuple[str, DoubleUse], ...] = ()
    plan: JointPlan = NO_PLAN
    jobs: tuple[JobFinding, ...] = ()
    pending: tuple[PendingPods, ...] = ()

    @property
    def losing(self) -> list[PodFinding]:
        """The pods that lose something, the most first, then by name."""
        losing = [finding for finding in self.findings if finding.lost]
        return sorted(losing, key=lambda finding: (-finding.lost, finding.name))


class Auditor:
    """
    Rates the pods of one snapshot, one after the other, so that others can see how far it is.

    ``namespaces``: only pods in these, all where there are none. The rest of
    the cluster still counts as it stands.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        namespaces: Collection[str] = (),
        worths: Worths = DEFAULT_WORTHS,
        steps: int = AUDIT_STEPS,
    ) -> None:
        self._snapshot, self._worths, self._namespaces = snapshot, worths, namespaces
        self._kinds = NodeKinds(ChangingNodes(snapshot))
        self._possibilities = Possibilities(snapshot, self._kinds, worths, steps)
        self._pods = [
            pod
            for pod in running_pods(snapshot, worths)
            if not namespaces or _pod_of(pod).namespace in namespaces
        ]
        self._findings: list[PodFinding] = []
        self._unrated: Counter[Unrated] = Counter()

    def __len__(self) -> int:
        return len(self._pods)

    def rate(self) -> Iterator[str]:
        """Rate every pod, and yield its name once that is done. Use once."""
        for pod in self._pods:
            if isinstance(pod, RunningPod):
                possible = self._possibilities.of(pod)
                self._findings.append(PodFinding(pod, possible))
            else:
                self._unrated[pod[1]] += 1
            yield _pod_of(pod).name

    def result(self, step: Callable[[str], None] = lambda _: None) -> Audit:
        """What has been rated so far; ``step`` is called with the name of each pod that was planned for."""
        complete = not self._possibilities.spent
        held = HeldDevices(self._snapshot.holders)
        uses = tuple(double_uses_of(self._snapshot.nodes, held, self._snapshot.vocabulary))
        findings = tuple(self._findings)
        possibilities = self._possibilities
        accepting = possibilities.accepting.copied()
        planner = Planner(self._snapshot, self._kinds, self._worths, possibilities.memos, accepting)
        plan = joint_plan(findings, planner, step)
        jobs = jobs_of(findings, self._snapshot.objects[SCHEDULING_POD])
        pending = pending_pods(self._snapshot, possibilities.accepting, self._namespaces)
        return Audit(
            self._snapshot, self._worths, findings, self._unrated, complete, uses, plan, jobs, pending
        )


def _pod_of(rated: RunningPod | tuple[Pod, Unrated]) -> Pod:
    return rated.pod if isinstance(rated, RunningPod) else rated[0]
