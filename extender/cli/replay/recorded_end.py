"""The cluster as it stood when a recording ended: pods on their nodes, with what they were allocated."""

from __future__ import annotations

from dataclasses import replace

from extender.core.cluster.changes import Changes
from extender.core.cluster.snapshot import Snapshot
from extender.core.topology.machine_facts import NO_FACTS, MachineFacts
from extender.core.topology.vocabulary import DEFAULT_VOCABULARY, Vocabulary
from extender.kube.recording.reader import RecordingError, open_recording
from extender.model import Pod
from extender.model.kinds import POD

from ..cluster_input import ClusterInput, release_of
from ..exit_status import WrongInput
from .timeline import Timeline, pod_of


def read_recorded_end(
    path: str, vocabulary: Vocabulary = DEFAULT_VOCABULARY, machines: MachineFacts = NO_FACTS
) -> ClusterInput:
    """
    Read the recording at ``path``, ``-`` for standard input. Raises ``WrongInput``.

    A pod whose claims are gone at the end is gone too.
    """
    try:
        with open_recording(path) as recording:
            release, note = release_of(None, recording.cluster.kubernetes)
            timeline = Timeline(recording.cluster, release, vocabulary, machines)
            pods: dict[tuple[str, str], Pod] = {}
            for attempt in recording.attempts:
                timeline.move_to(attempt)
                timeline.allocate(attempt)
                pod = pod_of(attempt)
                if attempt.outcome.node:
                    pods[pod.namespace, pod.name] = replace(pod, node_name=attempt.outcome.node)
    except RecordingError as error:
        raise WrongInput(str(error)) from error
    snapshot = timeline.store.current
    bound = [pod for pod in pods.values() if _has_claims(pod, snapshot)]
    return ClusterInput(snapshot.updated(Changes.of(POD, bound)), (note,) if note else ())


def _has_claims(pod: Pod, snapshot: Snapshot) -> bool:
    return all((pod.namespace, entry.claim) in snapshot.claims for entry in pod.claims if entry.claim)
