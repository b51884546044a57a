"""Where nodes are judged: at once, or beside the event loop where that takes longer than a turn."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
from dataclasses import dataclass

import pytest
from structlog.testing import capture_logs

from extender.cel import Selector
from extender.core.cluster.changes import Changes
from extender.core.cluster.snapshot import Snapshot
from extender.core.prediction.evaluate import Settings
from extender.model import DeviceID
from extender.model.kinds import RESOURCE_CLAIM
from extender.service import judging
from extender.service.http import verbs
from extender.service.http.dependencies import Service
from extender.service.http.frozen import NoFollower
from extender.service.metrics.metrics import Metrics
from extender.service.verb import Result
from tests import builders as b
from tests.service.live.live_cluster import at_once

NODES = [f"n{number}" for number in range(6)]
COSTLY = (
    "lists.range(40).all(x, lists.range(40).all(y, device.attributes['example.com'].uuid != 'no' && x >= 0))"
)
"""More than a turn on one GPU, and all of them within the budget of a request."""


@dataclass
class Store:
    current: Snapshot
    ready: bool = True


class Follower(NoFollower):
    """Tells which pods it was told to follow, and how."""

    def __init__(self):
        self.told = []

    def on_scored(self, pod, evaluation, names, entries):
        self.told.append(("scored", pod.name, evaluation.top(names)))
        return entries

    def on_unscored(self, pod, names):
        self.told.append(("unscored", pod.name))

    def on_filtered(self, pod, names):
        self.told.append(("filtered", pod.name, list(names)))


def cluster(selector: str) -> Snapshot:
    """Nodes with one GPU and one NIC, on one root where the number of the node is even."""
    machines = [
        b.machine(
            name,
            [b.device("gpu", "r0", 0, uuid=b.text(name))],
            [b.device("nic", f"r{number % 2}", number % 2)],
        )
        for number, name in enumerate(NODES)
    ]
    gpu = b.request("gpu", "gpu", selectors=(selector,))
    claims = [b.claim("costly", b.spec(gpu, b.request("nic", "nic"))), b.claim("plain")]
    return b.snapshot(*machines, claims=claims)


def service_on(snapshot: Snapshot, *, patient: bool = False) -> Service:
    return Service(
        store=Store(snapshot),
        settings=Settings(),
        metrics=Metrics("1.36.2"),
        follower=Follower(),
        patient=patient,
    )


@pytest.fixture
def service():
    return service_on(cluster(COSTLY))


@pytest.fixture
def threads(monkeypatch):
    """The threads in which the costly selector was evaluated, and a gate that stops it while closed."""
    seen, gate = [], threading.Event()
    gate.set()
    matches = Selector.matches

    def watched(selector, device, work):
        if selector.expression == COSTLY and threading.current_thread() is not threading.main_thread():
            seen.append(threading.current_thread().name)
            assert gate.wait(10)
        return matches(selector, device, work)

    monkeypatch.setattr(Selector, "matches", watched)
    return seen, gate


def body(claim: str, *names: str, uid: str = "", alignment: str = "") -> bytes:
    metadata: dict[str, object] = {"name": claim, "namespace": "default", "uid": uid or f"uid-{claim}"}
    if alignment:
        metadata["annotations"] = {"dra-extender.io/alignment": alignment}
    spec = {"containers": [], "resourceClaims": [{"name": "devices", "resourceClaimName": claim}]}
    return json.dumps({"Pod": {"metadata": metadata, "spec": spec}, "NodeNames": names or NODES}).encode()


def neutral(service: Service, verb: str, reason: str) -> float:
    text = service.metrics.expose("", {}, ready=True)[0].decode()
    labels = f'reason="{reason}"', f'verb="{verb}"'
    (line,) = [
        line
        for line in text.splitlines()
        if line.startswith("dra_extender_neutral_answers_total") and all(label in line for label in labels)
    ]
    return float(line.rsplit(" ", 1)[1])


async def until(condition) -> None:
    """Let the event loop go on until something that threads do is so."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110  threads set no asyncio.Event
            await asyncio.sleep(0.001)


def patient_answer(snapshot: Snapshot, request: bytes) -> bytes:
    """What is answered where nobody else is served."""
    return at_once(verbs.prioritize(service_on(snapshot, patient=True), request)).body


async def test_what_is_quick_is_answered_at_once(service):
    """Nothing is awaited: the event loop does it in one go."""
    answer = at_once(verbs.prioritize(service, body("plain")))
    assert {entry["Score"] for entry in json.loads(answer.body)} == {100, 40}
    assert service.follower.told == [("scored", "plain", ["n0", "n2", "n4"])]


async def test_what_takes_long_is_judged_in_a_thread_and_others_are_answered_meanwhile(service, threads):
    """The answer is the one that a patient service gives, and the next one is at hand."""
    seen, gate = threads
    gate.clear()
    slow = asyncio.create_task(verbs.prioritize(service, body("costly")))
    await until(lambda: seen)
    for _ in range(3):
        assert at_once(verbs.prioritize(service, body("plain"))).result is Result.OK
    gate.set()
    answer = await slow
    assert answer.body == patient_answer(service.store.current, body("costly"))
    assert set(seen) == {"errands_0"}
    assert service.follower.told[-1] == ("scored", "costly", ["n0", "n2", "n4"])
    seen.clear()
    assert at_once(verbs.prioritize(service, body("costly"))).body == answer.body
    assert seen == []


async def test_no_garbage_is_collected_while_an_errand_is_under_way(service, threads):
    """A collection would stop all threads; afterwards there are some again."""
    seen, gate = threads
    gate.clear()
    slow = asyncio.create_task(verbs.prioritize(service, body("costly")))
    await until(lambda: seen)
    assert not gc.isenabled()
    gate.set()
    await slow
    assert gc.isenabled()


async def test_the_scheduler_does_not_wait_for_long(service, threads, monkeypatch):
    """Past the guard all nodes score half. What was begun goes on, so that the next attempt is answered."""
    monkeypatch.setattr(judging, "GUARD_SECONDS", 0.05)
    _, gate = threads
    gate.clear()
    answer = await verbs.prioritize(service, body("costly"))
    assert answer.result is Result.NEUTRAL
    assert {entry["Score"] for entry in json.loads(answer.body)} == {50}
    assert neutral(service, "prioritize", "too-slow") == 1
    assert service.follower.told == [("unscored", "costly")]
    gate.set()
    await until(lambda: not service.judging._under_way)
    again = at_once(verbs.prioritize(service, body("costly")))
    assert again.body == patient_answer(service.store.current, body("costly"))


async def test_what_has_not_begun_by_then_is_dropped(service, threads, monkeypatch):
    """An errand behind a long one costs nothing when nobody waits for it any more."""
    monkeypatch.setattr(judging, "GUARD_SECONDS", 0.05)
    seen, gate = threads
    gate.clear()
    requests = [body("costly", *NODES[:count], uid=f"u{count}") for count in (4, 5, 6)]
    answers = await asyncio.gather(*(verbs.prioritize(service, request) for request in requests))
    assert {answer.result for answer in answers} == {Result.NEUTRAL}
    gate.set()
    await until(lambda: not service.judging._under_way)
    # One device in the turn on the loop came to nothing; the errand of the first request judged four.
    assert len(seen) == 4


async def test_one_errand_too_many_is_not_taken(service, threads, monkeypatch):
    """Its request gets an answer without an opinion at once."""
    service.judging._errands._most = 1
    seen, gate = threads
    gate.clear()
    slow = asyncio.create_task(verbs.prioritize(service, body("costly")))
    await until(lambda: seen)
    answer = at_once(verbs.prioritize(service, body("costly", *NODES[:3], uid="other")))
    assert answer.result is Result.NEUTRAL
    assert neutral(service, "prioritize", "busy") == 1
    gate.set()
    assert (await slow).result is Result.OK


async def test_events_go_on_and_the_answer_stays_that_of_the_request(service, threads):
    """The answer is kept for the nodes that did not change meanwhile; the others are judged again."""
    seen, gate = threads
    gate.clear()
    before = service.store.current
    slow = asyncio.create_task(verbs.prioritize(service, body("costly")))
    await until(lambda: seen)
    held = b.holding("held", DeviceID("gpu.nvidia.com", "n0", "gpu"))
    service.store.current = before.updated(Changes.of(RESOURCE_CLAIM, [held]))
    gate.set()
    assert (await slow).body == patient_answer(before, body("costly"))
    seen.clear()
    after = at_once(verbs.prioritize(service, body("costly")))
    assert after.body == patient_answer(service.store.current, body("costly"))
    assert json.loads(after.body)[0] == {"Host": "n0", "Score": 0}
    assert seen == []


async def test_only_the_last_request_of_a_pod_is_followed(service, threads):
    """The scheduler that asks again has given up the answer to its first question."""
    seen, gate = threads
    gate.clear()
    slow = asyncio.create_task(verbs.prioritize(service, body("costly")))
    await until(lambda: seen)
    at_once(verbs.filter_(service, body("costly")))
    gate.set()
    assert (await slow).result is Result.OK
    assert [what for what, *_ in service.follower.told] == ["filtered"]


async def test_filter_passes_every_node_where_it_would_take_too_long(service, threads, monkeypatch):
    """Also for a pod that requires alignment; once it is known, nodes are rejected."""
    monkeypatch.setattr(judging, "GUARD_SECONDS", 0.05)
    _, gate = threads
    gate.clear()
    request = body("costly", alignment="required")
    answer = await verbs.filter_(service, request)
    assert (json.loads(answer.body)["NodeNames"], answer.result) == (NODES, Result.NEUTRAL)
    assert neutral(service, "filter", "too-slow") == 1
    gate.set()
    await until(lambda: not service.judging._under_way)
    assert json.loads(at_once(verbs.filter_(service, request)).body)["NodeNames"] == ["n0", "n2", "n4"]


async def test_an_error_in_an_errand_is_answered_and_what_was_lent_is_returned(service, threads, monkeypatch):
    """The next request judges as if nothing had been."""
    broken = True
    matches = Selector.matches

    def failing(selector, device, work):
        if broken and threading.current_thread() is not threading.main_thread():
            raise RuntimeError("bug")
        return matches(selector, device, work)

    monkeypatch.setattr(Selector, "matches", failing)
    with capture_logs():
        answer = await verbs.prioritize(service, body("costly"))
    assert answer.result is Result.NEUTRAL
    assert neutral(service, "prioritize", "internal-error") == 1
    broken = False
    again = await verbs.prioritize(service, body("costly"))
    assert again.body == patient_answer(service.store.current, body("costly"))


async def test_people_wait_for_people_only(service, threads):
    """An explanation is made in a thread of its own, while the scheduler's errand is under way."""
    seen, gate = threads
    gate.clear()
    slow = asyncio.create_task(verbs.prioritize(service, body("costly")))
    await until(lambda: seen)
    explanation = await verbs.explain(service, body("plain"))
    assert json.loads(explanation.body)["nodes"]["n0"]["score"] == 100
    gate.set()
    assert (await slow).result is Result.OK
