"""
Pods that work together, and the one among them that slows all others down.

Pods of one job wait for each other, so a job has the alignment of its worst pod. Which pods belong
together is told by the labels that controllers put on them, by their pod group, or by the controller in
their owner references.

Source: the API types of kubernetes-sigs/jobset, kubernetes-sigs/lws, kubeflow/training-operator,
ray-project/kuberay, volcano-sh/apis, kubernetes-sigs/kueue, kubernetes-sigs/scheduler-plugins, and
k8s.io/api batch/v1 types.go JobNameLabel, v0.36.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from extender.model.scheduling import SchedulingPod

from .findings import LEAST_LOSS, PodFinding

_LEADER_WORKER_SET = "leaderworkerset.sigs.k8s.io/name"
_GROUP_INDEX = "leaderworkerset.sigs.k8s.io/group-index"
_TRAINING_JOB = "training.kubeflow.org/job-name"

_LABELS = (
    ("jobset.sigs.k8s.io/jobset-name", "JobSet"),
    (_LEADER_WORKER_SET, "LeaderWorkerSet"),
    (_TRAINING_JOB, "training job"),
    ("ray.io/cluster", "RayCluster"),
    ("volcano.sh/job-name", "Volcano Job"),
    ("kueue.x-k8s.io/pod-group-name", "pod group"),
    ("scheduling.x-k8s.io/pod-group", "PodGroup"),
    ("batch.kubernetes.io/job-name", "Job"),
    ("job-name", "Job"),
)
"""Labels whose value names what a pod belongs to, the outermost first."""

_INDEPENDENT = frozenset({"ReplicaSet", "StatefulSet", "DaemonSet", "ReplicationController", "Node"})
"""Controllers whose pods do not wait for each other."""


class Job(NamedTuple):
    """What pods belong to, such as ``JobSet``, ``training``, ``llama``."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class JobFinding:
    """
    A job of two or more rated pods.

    ``members``: the worst first. ``slow``: how many of them are as bad as the worst. ``others``: what the
    rest has at least, 0..1, ``None`` where all are alike.
    """

    job: Job
    members: tuple[PodFinding, ...]
    slow: int
    others: float | None

    @property
    def achieved(self) -> float:
        """The job's alignment at most: that of its worst pod, 0..1."""
        return self.members[0].running.highest

    @property
    def slowed(self) -> float:
        """What the slow pods cost the others, in whole perfectly aligned pods' worth."""
        return 0.0 if self.others is None else (self.others - self.achieved) * (len(self.members) - self.slow)


def jobs_of(
    findings: Iterable[PodFinding], pods: Mapping[tuple[str, str], SchedulingPod]
) -> tuple[JobFinding, ...]:
    """The jobs, those first whose slow pods cost the others most, then by alignment and name."""
    members: dict[Job, list[PodFinding]] = {}
    for finding in findings:
        pod = pods.get((finding.running.pod.namespace, finding.running.pod.name))
        job = job_of(pod) if pod is not None else None
        if job is not None:
            members.setdefault(job, []).append(finding)
    found = [_finding(job, group) for job, group in members.items() if len(group) > 1]
    return tuple(sorted(found, key=lambda each: (-each.slowed, each.achieved, each.job)))


def job_of(pod: SchedulingPod) -> Job | None:
    """What the pod works for together with others; ``None`` where it works alone."""
    for label, kind in _LABELS:
        name = pod.labels.get(label)
        if not name:
            continue
        if label == _LEADER_WORKER_SET and _GROUP_INDEX in pod.labels:
            # The groups of one set are replicas, which do not wait for each other.
            name = f"{name}-{pod.labels[_GROUP_INDEX]}"
        named_by_owner = label == _TRAINING_JOB and pod.owner
        return Job(named_by_owner.kind if named_by_owner else kind, pod.namespace, name)
    if pod.pod_group:
        return Job("PodGroup", pod.namespace, pod.pod_group)
    if pod.owner is not None and pod.owner.kind not in _INDEPENDENT:
        return Job(pod.owner.kind, pod.namespace, pod.owner.name)
    return None


def _finding(job: Job, group: Sequence[PodFinding]) -> JobFinding:
    members = tuple(sorted(group, key=lambda finding: (finding.running.highest, finding.name)))
    worst = members[0].running.highest
    rest = [each.running.highest for each in members if each.running.highest - worst >= LEAST_LOSS]
    return JobFinding(job, members, len(members) - len(rest), min(rest) if rest else None)
