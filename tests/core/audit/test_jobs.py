"""Pods that work together, and those among them that slow the others down."""

from __future__ import annotations

import json

import pytest

from extender.core.alignment.pairs import Alignment
from extender.core.audit.findings import PodFinding
from extender.core.audit.jobs import Job, job_of, jobs_of
from extender.core.audit.possible import Bound, Possible
from extender.core.audit.running_pod import RunningPod
from extender.kube.decode.interner import Interner
from extender.kube.decode.scheduling_pods import scheduling_pod
from tests import builders as b


def pod(labels=(), owner=None, **spec):
    metadata = {"name": "p", "namespace": "n", "labels": dict(labels)}
    if owner:
        kind, name = owner
        metadata["ownerReferences"] = [{"apiVersion": "x/v1", "kind": kind, "name": name, "controller": True}]
    text = json.dumps({"metadata": metadata, "spec": {"containers": [], **spec}})
    return scheduling_pod(text.encode(), Interner())


@pytest.mark.parametrize(
    ("given", "job"),
    [
        (pod({"jobset.sigs.k8s.io/jobset-name": "a", "job-name": "a-0"}, ("Job", "a-0")), ("JobSet", "a")),
        (
            pod({"leaderworkerset.sigs.k8s.io/name": "a", "leaderworkerset.sigs.k8s.io/group-index": "3"}),
            ("LeaderWorkerSet", "a-3"),
        ),
        (pod({"training.kubeflow.org/job-name": "a"}, ("PyTorchJob", "a")), ("PyTorchJob", "a")),
        (pod({"training.kubeflow.org/job-name": "a"}), ("training job", "a")),
        (pod({"batch.kubernetes.io/job-name": "a"}), ("Job", "a")),
        (pod(owner=("MPIJob", "a")), ("MPIJob", "a")),
        (pod(schedulingGroup={"podGroupName": "a"}), ("PodGroup", "a")),
        (pod(workloadRef={"name": "a", "podGroup": "w", "podGroupReplicaKey": "1"}), ("PodGroup", "a-w-1")),
    ],
)
def test_what_a_pod_belongs_to(given, job):
    """The outermost that a label, a pod group or an owner names."""
    kind, name = job
    assert job_of(given) == Job(kind, "n", name)


@pytest.mark.parametrize("owner", [None, ("ReplicaSet", "a"), ("DaemonSet", "a"), ("StatefulSet", "a")])
def test_pods_that_work_alone(owner):
    """Replicas do not wait for each other."""
    assert job_of(pod(owner=owner)) is None


def found(*alignments):
    """Jobs of pods with these alignments, all of one job."""
    findings, pods = [], {}
    for number, alignment in enumerate(alignments):
        name = f"p{number}"
        running = RunningPod(b.pod(name), (), (), Alignment(alignment, ()), alignment, alignment)
        findings.append(PodFinding(running, Possible(Bound(None, True), Bound(None, True), None)))
        pods["default", name] = b.scheduling_pod(name, labels={"job-name": "j"})
    return jobs_of(findings, pods)


def test_a_job_has_the_alignment_of_its_worst_pod():
    """And the others lose what they could have without it."""
    (job,) = found(1.0, 0.4, 0.9, 1.0)
    assert (job.achieved, job.slow, job.others) == (0.4, 1, 0.9)
    assert job.slowed == pytest.approx(3 * 0.5)
    assert job.members[0].name == "default/p1"


def test_a_job_whose_pods_are_alike_is_slowed_by_none_of_them():
    """It has what each of them has; one pod is no job."""
    (job,) = found(0.4, 0.4)
    assert (job.achieved, job.slow, job.others, job.slowed) == (0.4, 2, None, 0.0)
    assert found(0.4) == ()
