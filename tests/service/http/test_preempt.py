"""Preempt: every victim is kept, as meta victims, and nothing that the scheduler would stumble over."""

from __future__ import annotations

import pytest

META = {
    "node-a": {"Pods": [{"UID": "u1"}, {"UID": "u2"}], "NumPDBViolations": 1},
    "node-b": {"Pods": [{"UID": "u3"}], "NumPDBViolations": 0},
}
FULL = {
    "node-a": {
        "Pods": [
            {"metadata": {"name": "p1", "uid": "u1"}, "spec": {}},
            {"metadata": {"name": "p2", "uid": "u2"}},
        ],
        "NumPDBViolations": 1,
    },
    "node-b": {"Pods": [{"metadata": {"uid": "u3"}}], "NumPDBViolations": 0},
}


@pytest.fixture
def preempt(client, pod):
    """Send preempt with the given victims; answers status and document."""

    async def send(*, victims=None, meta=None):
        body = {"Pod": pod(), "NodeNameToVictims": victims, "NodeNameToMetaVictims": meta}
        response = await client.post("/preempt", json=body)
        return response.status, await response.json()

    return send


async def test_meta_victims_come_back_as_they_were(preempt, metric):
    """With nodeCacheCapable the scheduler sends UIDs."""
    assert await preempt(meta=META) == (200, {"NodeNameToMetaVictims": META})
    assert metric("request_duration_seconds_count", verb="preempt", result="ok") == 1


async def test_full_pods_become_their_uids(preempt):
    """Whatever the form sent, the scheduler reads meta victims only."""
    assert await preempt(victims=FULL) == (200, {"NodeNameToMetaVictims": META})


@pytest.mark.parametrize(
    ("form", "victims"),
    [
        ("meta", {"node-a": None, "node-b": META["node-b"]}),
        ("meta", {"node-a": None, "node-b": {"Pods": [None, {"UID": "u3"}], "NumPDBViolations": 0}}),
        ("victims", {"node-a": None, "node-b": FULL["node-b"]}),
        ("victims", {"node-b": {"Pods": [{"metadata": {"uid": "u3"}}, None], "NumPDBViolations": 0}}),
    ],
)
async def test_null_is_never_repeated(preempt, form, victims):
    """The scheduler dereferences every entry unchecked, so null nodes and null pods are left out."""
    assert await preempt(**{form: victims}) == (200, {"NodeNameToMetaVictims": {"node-b": META["node-b"]}})


@pytest.mark.parametrize("form", ["meta", "victims"])
@pytest.mark.parametrize("entry", [{}, {"Pods": None}, {"Pods": [], "NumPDBViolations": 0}])
async def test_a_node_without_victims_has_an_empty_list(preempt, form, entry):
    """An absent list is a list without elements, never null."""
    expected = {"node-a": {"Pods": [], "NumPDBViolations": 0}}
    assert await preempt(**{form: {"node-a": entry}}) == (200, {"NodeNameToMetaVictims": expected})


async def test_no_candidates_are_answered_with_none(preempt):
    """An empty map means that nobody is evicted."""
    assert await preempt(meta={}) == (200, {"NodeNameToMetaVictims": {}})


async def test_it_needs_no_snapshot(preempt, store, facade):
    """Victims are agreed to whatever is known about devices."""
    store.ready = False
    facade.failure = RuntimeError("broken prediction")
    assert (await preempt(meta=META))[0] == 200
    assert facade.calls == 0


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"NodeNameToMetaVictims": {}}, "Pod"),
        ({"Pod": None, "NodeNameToMetaVictims": {}}, "Pod"),
        ({"Pod": {}}, "NodeNameToMetaVictims"),
        ({"Pod": {}, "NodeNameToMetaVictims": []}, "NodeNameToMetaVictims"),
        ({"Pod": {}, "NodeNameToMetaVictims": {"n": {"Pods": [{}]}}}, "NodeNameToMetaVictims[n].Pods[0]"),
        (
            {"Pod": {}, "NodeNameToMetaVictims": {"n": {"NumPDBViolations": "1"}}},
            "NodeNameToMetaVictims[n].NumPDBViolations",
        ),
        (
            {"Pod": {}, "NodeNameToVictims": {"n": {"Pods": [{"metadata": {}}]}}},
            "NodeNameToVictims[n].Pods[0].metadata",
        ),
        (
            {"Pod": {}, "NodeNameToVictims": {"n": {"Pods": [{"metadata": {"uid": 5}}]}}},
            "NodeNameToVictims[n].Pods[0].metadata.uid",
        ),
    ],
)
async def test_a_wrong_body_is_named(client, metric, body, field):
    """400 with the path of the field, and the count by its first part."""
    response = await client.post("/preempt", json=body)
    problem = await response.json()
    assert (response.status, problem["field"]) == (400, field)
    part = field.partition("[")[0]
    assert metric("bad_requests_total", verb="preempt", field=part) == 1
