"""/mutate: claims that ask are rewritten, all others are let in as they are."""

from __future__ import annotations

import base64
from dataclasses import replace
from types import SimpleNamespace

import orjson
import pytest

from extender.core.cluster.objects import Objects
from extender.core.cluster.snapshot import Snapshot
from extender.core.releases.history import release_for
from extender.model import Pod
from extender.model.kinds import DEVICE_CLASS
from extender.service.http import mutate as module
from extender.service.http.web import make_app
from extender.service.softening import FRESH_SECONDS, RESULT_ANNOTATION, RESULTS, Softener, asks
from extender.service.store import FrozenStore
from tests import builders as b
from tests.paths import DOCS

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
        body = {
            "apiVersion": "admission.k8s.io/v1",
            "kind": "AdmissionReview",
            "request": {
                "uid": "r-1",
                "kind": {"group": "resource.k8s.io", "version": "v1", "kind": document["kind"]},
                "namespace": "team",
                "operation": operation,
                "dryRun": dry_run,
                "object": document,
            },
        }
        response = await client.post("/mutate", json=body)
        assert response.status == 200
        review = await response.json()
        assert (review["apiVersion"], review["kind"]) == ("admission.k8s.io/v1", "AdmissionReview")
        answer = review["response"]
        assert (answer["uid"], answer["allowed"]) == ("r-1", True)
        return patched(document, answer)

    return post


def patched(document, answer):
    """Apply the answer's patch, which only adds."""
    made = orjson.loads(orjson.dumps(document))
    if "patch" not in answer:
        return made
    assert answer["patchType"] == "JSONPatch"
    for operation in orjson.loads(base64.b64decode(answer["patch"])):
        assert operation["op"] == "add"
        *way, last = operation["path"].split("/")[1:]
        place = made
        for step in way:
            place = place[step]
        place[last.replace("~1", "/")] = operation["value"]
    return made


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


async def test_a_claim_that_cannot_be_rewritten(send, metric, events):
    """It stays, and the reason is in an annotation, an Event about it and a counter."""
    document = claim(REQUESTS[:1], annotations={ASKS: "true"})
    stored = await send(document)
    assert stored["spec"] == document["spec"]
    said = stored["metadata"]["annotations"][RESULT_ANNOTATION]
    assert said.startswith("not-two-kinds: ")
    assert events.written == [("ResourceClaim", "team", "c", "", "NotSoftlyAligned", said)]
    assert metric("soft_alignment_total", result="not-two-kinds") == 1


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
