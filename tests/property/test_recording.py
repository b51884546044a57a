"""Whatever happens to a cluster, each recorded attempt is replayed on the very state it was answered on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from extender.cli.replay.timeline import Timeline, pod_of
from extender.core.cluster.changes import Changes
from extender.core.cluster.snapshot import Snapshot
from extender.core.prediction.evaluate import Evaluation, Memo, NodeVerdict, Settings, evaluate
from extender.core.releases.history import release_for
from extender.kube import encode
from extender.kube.recording.reader import open_recording
from extender.kube.recording.state import ClosedAttempt, RecordingState
from extender.model import Devices, Pod, ResourceSlice
from extender.model.kinds import (
    DEVICE_CLASS,
    DEVICE_TAINT_RULE,
    KINDS,
    NODE,
    POD,
    RESOURCE_CLAIM,
    RESOURCE_SLICE,
    Key,
    Kind,
)
from extender.service.live.in_flight import InFlight
from extender.service.live.store import LiveStore
from extender.service.recording.recorder import Recorder
from extender.service.verb import Verb
from tests import builders as b
from tests.kube.watch.reflecting import reported
from tests.property.histories import DEVICES, DRIVERS, NODES, Cluster, histories, pods

GATES = {"DRADeviceTaintRules": True}
RELEASE = release_for("1.36.2", GATES)
ENCODERS = {
    kind.name: cast("Callable[[object], object]", encoder)
    for kind, encoder in (
        (NODE, encode.node_json),
        (POD, encode.pod_json),
        (DEVICE_CLASS, encode.class_json),
        (RESOURCE_SLICE, encode.slice_json),
        (RESOURCE_CLAIM, encode.claim_json),
        (DEVICE_TAINT_RULE, encode.taint_rule_json),
    )
}
FREE = [
    ResourceSlice(name, driver, "free", node_name=NODES[0], devices=Devices.of(tuple(map(b.device, DEVICES))))
    for name, driver in zip(("free-gpus", "free-nics"), DRIVERS, strict=True)
]
WANTED = [b.claim(name, b.spec(b.request("r", "any"))) for name in ("wanted-0", "wanted-1")]
"""Devices and claims that are there whatever else happens, so that allocations are assumed."""

Answer = tuple[tuple[object, ...], dict[str, NodeVerdict]]
"""The state that a pod was judged on, and the verdicts."""


class Recorded:
    """A live store behind recorded reflectors, and the attempts that were handed on."""

    def __init__(self) -> None:
        self.attempts: list[ClosedAttempt] = []
        self.failures = 0
        self.store = LiveStore(RELEASE, InFlight(30.0), lambda: 0.0)
        self.recorder = Recorder(self.store, self, lambda: 0.0, self.fail)

    def offer(self, attempt: ClosedAttempt) -> bool:
        """As a full queue does, refuse every fifth."""
        if attempt.number % 5 == 0:
            return False
        self.attempts.append(attempt)
        return True

    def fail(self) -> None:
        self.failures += 1

    def begin(self, cluster: Cluster) -> None:
        for kind in KINDS:
            self.report(kind, cluster.objects.get(kind.name, {}), complete=True)

    def apply(self, changes: Changes) -> None:
        for kind in KINDS:
            if kind is not POD:
                self.report(kind, changes.by_kind.get(kind.name, {}))

    def report(self, kind: Kind, table: Mapping[Key, object | None], *, complete: bool = False) -> None:
        """Take what a reflector would report of the objects, as the server has them."""
        documents = [
            msgspec.json.encode(ENCODERS[kind.name](value)) for value in table.values() if value is not None
        ]
        gone = [key for key, value in table.items() if value is None]
        changes = reported(kind, documents, gone, complete=complete)
        self.store.apply(changes)
        self.recorder.on_changes(changes)

    def ask(self, pod: Pod, *, assume: str) -> Answer:
        """Filter and prioritize, as the verbs do; the answer, after which the pod may land on ``assume``."""
        self.report(POD, {POD.key(pod): pod})
        body = msgspec.json.encode({"Pod": encode.pod_json(pod), "NodeNames": NODES})
        for verb in (Verb.FILTER, Verb.PRIORITIZE):
            self.store.forget(pod.uid)
            self.recorder.on_request(verb, pod)
            self.recorder.on_answer(verb, body, b"{}")
        evaluation = ask(self.store.current, pod)
        answer = state(self.store.current), evaluation.verdicts(NODES)
        if assume and pod.claims:
            self.store.assume(pod.uid, evaluation.allocated_on(assume))
        return answer


def state(snapshot: Snapshot) -> tuple[object, ...]:
    """What predictions read of a snapshot; assumed claims keep no binding conditions."""
    claims = {
        key: (claim.spec, claim.binding, claim.allocation and [each.id for each in claim.allocation.results])
        for key, claim in snapshot.claims.items()
    }
    nodes = {name: each.node for name, each in snapshot.nodes.items()}
    return claims, nodes, dict(snapshot.published), dict(snapshot.classes), dict(snapshot.taint_rules)


def ask(snapshot: Snapshot, pod: Pod) -> Evaluation[tuple[str, int]]:
    memo: Memo[tuple[str, int]] = Memo(lambda names, score: [(name, score) for name in names])
    return evaluate(snapshot, pod, memo, Settings(search_steps=2_000))


@given(
    histories(),
    st.lists(pods(), min_size=1, max_size=3),
    st.lists(st.sampled_from(("", NODES[0])), min_size=18, max_size=18),
    st.integers(1, 4),
)
@settings(max_examples=30, deadline=None)
def test_replayed_on_the_state_it_was_answered_on(tmp_path_factory, history, asking, landings, per_file):
    """Claims, assumed allocations and changes of the cluster, over files that each stand alone."""
    cluster, batches = history
    held = cluster.objects.pop(RESOURCE_CLAIM.name, {})
    cluster.apply(Changes.of(RESOURCE_SLICE, FREE) | Changes.of(RESOURCE_CLAIM, WANTED))
    cluster.objects[RESOURCE_CLAIM.name] |= held
    recorded = Recorded()
    recorded.begin(cluster)
    answers: dict[int | None, Answer] = {}
    landing = iter(landings)
    asking = [replace(each, uid=f"uid-{number}") for number, each in enumerate(asking)]
    for changes in (Changes(), *batches):
        recorded.apply(changes)
        for pod in asking:
            answer = recorded.ask(pod, assume=next(landing))
            number = recorded.recorder.number_of(pod.uid)
            if number is not None:
                answers[number] = answer
    recorded.recorder.close()
    assert recorded.failures == 0
    lines_of = RecordingState("1.36.2", GATES)
    folder: Path = tmp_path_factory.mktemp("recording")
    path = folder / "0"
    for position, attempt in enumerate(recorded.attempts):
        changed = lines_of.take(attempt.changes)
        first = position % per_file == 0
        if first:
            path = folder / str(position)
        lines = (b"".join(lines_of.header()) if first else changed) + lines_of.attempt(attempt, first=first)
        with path.open("ab") as file:
            file.write(lines)
    replayed: dict[int | None, Answer] = {}
    for each in folder.iterdir():
        with open_recording(str(each)) as recording:
            assert recording.gates == GATES
            timeline = Timeline(recording.cluster, RELEASE)
            for found in recording.attempts:
                timeline.move_to(found)
                snapshot = timeline.store.current
                replayed[found.number] = state(snapshot), ask(snapshot, pod_of(found)).verdicts(NODES)
    assert replayed == {number: answer for number, answer in answers.items() if number and number % 5}
