"""/mutate: claims that ask are rewritten, all others are let in as they are."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import SimpleNamespace

import orjson
import pytest

from extender.core.cluster.changes import Changes
from extender.core.cluster.objects import Objects
from extender.core.cluster.snapshot import Snapshot
from extender.core.releases.history import release_for
from extender.kube import decode
from extender.model import Pod
from extender.model.kinds import DEVICE_CLASS, POD, RESOURCE_CLAIM
from extender.service.http import mutate as module
from extender.service.http.web import make_app
from extender.service.live.awaited import MAX_CLAIMS_OF_A_NAMESPACE
from extender.service.namespace_limit import TIMES_A_MINUTE
from extender.service.softening import FRESH_SECONDS, RESULT_ANNOTATION, RESULTS, Softener, asks
from extender.service.store import FrozenStore
from tests import builders as b
from tests.kube.api_server import eventually
from tests.paths import DOCS
from tests.service.http.changing_cluster import Changing
from tests.service.http.reviews import patched, review

ASKS = "dra-extender.io/soft-alignment"
REQUESTS = [
    {"name": "gpu", "exactly": {"deviceClassName": "gpu"}},
    {"name": "nic", "exactly": {"deviceClassName": "nic"}},
]


class Events:
    """Records what it is told."""

    def __init__(self):
        self.written = []

    def record(self, about, *, reason, note, action):
        self.written.append((about.kind, about.namespace, about.name, about.uid, reason, note))


@pytest.fixture
def events():
    return Events()


@pytest.fixture
def real(world, service, events):
    """A service over a real snapshot of two nodes, with one pod that asks and one that does not."""
    pods = [
        Pod("team", "asking", "u-1", {ASKS: "true"}),
        Pod("team", "silent", "u-2"),
    ]
    snapshot = Snapshot.of(release=release_for("1.36.2"), pods=pods, **world)
    return replace(service, store=FrozenStore(snapshot), events=events)


@pytest.fixture
async def send(real, connect):
    """Sends an object as the API server does; returns it as it was stored."""

    async def post(document, service=real, operation="CREATE", dry_run=False):
        client = await connect(make_app(service))
        body = review(document, operation=operation, dryRun=dry_run)
        response = await client.post("/mutate", json=body)
        assert response.status == 200
        reviewed = await response.json()
        assert (reviewed["apiVersion"], reviewed["kind"]) == ("admission.k8s.io/v1", "AdmissionReview")
        answer = reviewed["response"]
        assert (answer["uid"], answer["allowed"]) == ("r-1", True)
        return patched(document, answer)

    return post


def claim(requests=REQUESTS, kind="ResourceClaim", **metadata):
    spec = {"devices": {"requests": requests}}
    if kind != "ResourceClaim":
        spec = {"spec": spec}
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": "c", "namespace": "team", **metadata},
        "spec": spec,
    }


def owned_by(name, uid):
    return [{"apiVersion": "v1", "kind": "Pod", "name": name, "uid": uid, "controller": True}]


def is_soft(document):
    spec = document["spec"]
    return all("firstAvailable" in each for each in spec.get("spec", spec)["devices"]["requests"])


@pytest.mark.parametrize("kind", ["ResourceClaim", "ResourceClaimTemplate"])
@pytest.mark.parametrize("where", ["annotations", "labels"])
async def test_what_asks_is_rewritten(send, metric, events, kind, where):
    """By annotation or label; it says so, and sending it again changes nothing."""
    stored = await send(claim(kind=kind, **{where: {ASKS: "true"}}))
    assert is_soft(stored)
    assert stored["metadata"]["annotations"][RESULT_ANNOTATION].startswith("rewritten: ")
    assert await send(stored) == stored
    assert metric("soft_alignment_total", result="rewritten") == 1
    assert metric("soft_alignment_total", result="already-rewritten") == 1
    assert events.written == []


@pytest.mark.parametrize(
    ("metadata", "result"),
    [
        ({}, "not-asked"),
        ({"annotations": {ASKS: "false"}, "ownerReferences": owned_by("asking", "u-1")}, "not-asked"),
        ({"annotations": {ASKS: "yes"}}, "not-asked"),
        ({"ownerReferences": owned_by("silent", "u-2")}, "not-asked"),
        ({"ownerReferences": owned_by("unseen", "u-3")}, "pod-unknown"),
        ({"ownerReferences": owned_by("asking", "u-9")}, "pod-unknown"),
        (
            {
                "ownerReferences": owned_by("asking", "u-1"),
                "annotations": {"resource.kubernetes.io/extended-resource-claim": "true"},
            },
            "not-asked",
        ),
    ],
)
async def test_what_does_not_ask_is_untouched(send, metric, metadata, result):
    """Not even an annotation is put on it."""
    document = claim(**metadata)
    assert await send(document) == document
    assert metric("soft_alignment_total", result=result) == 1


async def test_a_pod_asks_for_the_claims_made_for_it(send):
    """The controller makes them from templates, without a name yet, and the pod owns them."""
    document = claim(ownerReferences=owned_by("asking", "u-1"), generateName="asking-gpu-")
    del document["metadata"]["name"]
    assert is_soft(await send(document))


@pytest.mark.parametrize(
    ("document", "operation"),
    [
        (claim(annotations={ASKS: "true"}), "UPDATE"),
        ({**claim(annotations={ASKS: "true"}), "kind": "DeviceClass"}, "CREATE"),
    ],
)
async def test_other_operations_and_kinds(send, document, operation):
    """A webhook that is configured too widely does no harm."""
    assert await send(document, operation=operation) == document


def show(service, shown):
    """Let the watch show an object."""
    kind = POD if isinstance(shown, Pod) else RESOURCE_CLAIM
    for awaited in (service.awaited_pods, service.awaited_events):
        awaited.on_changes(Changes.of(kind, [shown]))


def shown_claim(document, uid):
    """A claim as the API server stores it."""
    metadata = {**document["metadata"], "uid": uid, "resourceVersion": "1"}
    return decode.resource_claim(orjson.dumps({**document, "metadata": metadata}), decode.Interner())


async def test_a_claim_that_cannot_be_rewritten(send, real, metric, events):
    """It stays, and the reason is in an annotation, an Event about it and a counter."""
    document = claim(REQUESTS[:1], annotations={ASKS: "true"})
    stored = await send(document)
    assert stored["spec"] == document["spec"]
    said = stored["metadata"]["annotations"][RESULT_ANNOTATION]
    assert said.startswith("not-two-kinds: ")
    assert metric("soft_alignment_total", result="not-two-kinds") == 1
    # The Event is about the claim as the API shows it, by its UID, and not about another of that name.
    assert events.written == []
    show(real, shown_claim(claim(), "u-8"))
    assert events.written == []
    show(real, shown_claim(stored, "u-9"))
    assert events.written == [("ResourceClaim", "team", "c", "u-9", "NotSoftlyAligned", said)]
    show(real, shown_claim(stored, "u-9"))
    assert len(events.written) == 1


async def test_events_only_about_what_the_api_shows(send, real, events, metric):
    """Not about a pod with another UID, nor about one that nobody knows; each is counted."""
    for owner in (owned_by("asking", "u-2"), owned_by("made-up", "u-7")):
        await send(claim(REQUESTS[:1], annotations={ASKS: "true"}, ownerReferences=owner))
    await send(claim(REQUESTS[:1], kind="ResourceClaimTemplate", annotations={ASKS: "true"}))
    assert events.written == []
    assert metric("events_total", result="unknown-object") == 1
    real.awaited_events._clock = lambda: float("inf")
    real.awaited_events.expire()
    assert metric("events_total", result="unknown-object") == 3


async def test_events_of_a_namespace_are_limited(send, events, metric):
    """Whoever reaches the port writes no more than this by our rights."""
    for _ in range(TIMES_A_MINUTE + 5):
        await send(claim(REQUESTS[:1], ownerReferences=owned_by("asking", "u-1")))
    assert len(events.written) == TIMES_A_MINUTE
    assert metric("events_total", result="limited") == 5


async def test_a_pod_that_appears_meanwhile(send, real):
    """The watch says so, and the claim is answered at once."""
    service = replace(real, follower=Changing())
    answer = asyncio.create_task(send(claim(ownerReferences=owned_by("late", "u-5")), service))
    await eventually(lambda: len(real.awaited_pods))
    show(real, Pod("team", "late", "u-4", {ASKS: "true"}))
    await asyncio.sleep(0.01)
    assert not answer.done()
    show(real, Pod("team", "late", "u-5", {ASKS: "true"}))
    stored = await answer
    assert stored["metadata"]["annotations"][RESULT_ANNOTATION].startswith("rewritten")
    assert len(real.awaited_pods) == 0


async def test_claims_of_unknown_pods_wait_in_bounds(real, connect, metric, monkeypatch):
    """A flood of them is answered at once beyond the bound; those of other namespaces still wait."""
    monkeypatch.setattr(module, "OWNER_SECONDS", 0.5)
    client = await connect(make_app(replace(real, follower=Changing())))

    async def ask(number, namespace):
        document = claim(ownerReferences=owned_by(f"p{number}", "u"))
        body = review(document, namespace)
        async with client.post("/mutate", json=body) as response:
            assert response.status == 200

    async with asyncio.TaskGroup() as tasks:
        for number in range(MAX_CLAIMS_OF_A_NAMESPACE + 15):
            tasks.create_task(ask(number, "flood"))
        await eventually(lambda: metric("soft_alignment_total", result="busy") == 15)
        tasks.create_task(ask(0, "other"))
        await eventually(lambda: len(real.awaited_pods) == MAX_CLAIMS_OF_A_NAMESPACE + 1)
    assert metric("soft_alignment_total", result="pod-unknown") == MAX_CLAIMS_OF_A_NAMESPACE + 1
    assert len(real.awaited_pods) == 0


async def test_the_event_is_about_the_pod_where_there_is_one(send, events):
    """Where people look first."""
    await send(claim(REQUESTS[:1], ownerReferences=owned_by("asking", "u-1")))
    assert [about for about, *_ in (event[:4] for event in events.written)] == ["Pod"]


async def test_a_dry_run_leaves_no_event(send, events):
    """As sideEffects: NoneOnDryRun promises."""
    stored = await send(claim(REQUESTS[:1], annotations={ASKS: "true"}), dry_run=True)
    assert RESULT_ANNOTATION in stored["metadata"]["annotations"]
    assert events.written == []


async def test_before_the_cluster_is_known(send, real, metric):
    """No opinion: untouched, with that as the reason."""
    document = claim(annotations={ASKS: "true"})
    stored = await send(
        document, replace(real, store=SimpleNamespace(ready=False, current=real.store.current))
    )
    assert stored["spec"] == document["spec"]
    assert stored["metadata"]["annotations"][RESULT_ANNOTATION].startswith("not-ready: ")
    assert metric("soft_alignment_total", result="not-ready") == 1


async def test_an_object_of_a_form_that_we_do_not_know(send, metric):
    """It is the API server's to refuse."""
    document = claim([{"name": 1}], annotations={ASKS: "true"})
    stored = await send(document)
    assert stored["spec"] == document["spec"]
    assert metric("soft_alignment_total", result="unreadable") == 1


async def test_an_error_of_ours_lets_the_object_in(send, metric, monkeypatch):
    """Untouched, counted and logged."""

    def fail(*_):
        raise RuntimeError("broken")

    monkeypatch.setattr(module, "_decide", fail)
    document = claim(annotations={ASKS: "true"})
    assert await send(document) == document
    assert metric("soft_alignment_total", result="internal-error") == 1
    assert metric("internal_errors_total", verb="mutate") == 1


@pytest.mark.parametrize("body", [b"", b"{}", b'{"request": {"uid": ""}}', b"[]", b'{"request": {"uid": 1}}'])
async def test_what_is_no_review_is_a_bad_request(real, connect, body):
    """There is no UID to answer to; the failure policy lets the object in."""
    client = await connect(make_app(real))
    response = await client.post("/mutate", data=body)
    assert response.status == 400
    assert (await response.json())["field"] in ("body", "request.uid")


async def test_a_decision_holds_for_a_while(world, clock):
    """Slices that change all the time do not make every claim dear; other classes do."""
    softener = Softener(clock)
    snapshot = Snapshot.of(release=release_for("1.36.2"), **world)
    first = await softener.decide(b.PAIR, snapshot)
    other = Snapshot.of(release=release_for("1.36.2"), **world)
    changed = _with_classes(other, snapshot)
    assert (await softener.decide(b.PAIR, changed)) is first
    assert (await softener.decide(b.PAIR, other)) is not first
    again = await softener.decide(b.PAIR, other)
    clock.now += FRESH_SECONDS
    assert (await softener.decide(b.PAIR, other)) is again
    assert (await softener.decide(b.PAIR, _with_classes(changed, other))) is again
    assert (await softener.decide(b.PAIR, snapshot)) is not again


def _with_classes(snapshot, other):
    """The snapshot with the very mapping of classes of the other one."""
    classes = {DEVICE_CLASS.name: other.classes}
    return replace(snapshot, objects=Objects({**snapshot.objects.by_kind, **classes}))


def test_words_that_ask():
    """The annotation counts before the label; a word that is not true is a no."""
    assert asks({}, {}) is None
    assert asks(None, None) is None
    assert asks({ASKS: "true"}, {ASKS: "false"}) is True
    assert asks({}, {ASKS: "true"}) is True
    assert asks({ASKS: "True"}) is False


def test_the_page_lists_every_result():
    """Codes are a public contract."""
    page = (DOCS / "soft-alignment.md").read_text(encoding="utf-8")
    assert len(RESULTS) == len(set(RESULTS))
    assert [result for result in RESULTS if f"`{result}`" not in page] == []
