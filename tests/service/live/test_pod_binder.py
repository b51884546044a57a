"""Bound is only a pod that the API shows, to a node that our last filter answer named."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from extender.core.cluster.changes import Changes
from extender.model.kinds import POD
from extender.service.http import verbs
from extender.service.live.follower import LiveFollower
from extender.service.live.offered_nodes import OFFER_SECONDS, OfferedNodes
from extender.service.live.pod_binder import PodBinder
from extender.service.wire import BadRequest, BindingArgs
from tests import builders as b
from tests.service.live.live_cluster import at_once, body, live_service

if TYPE_CHECKING:
    from extender.kube.api.event_recorder import EventRecorder

ARGS = BindingArgs(pod_name="job-1", pod_namespace="default", pod_uid="uid-job-1", node="x")


@pytest.fixture
def service(clock):
    """A live cluster that shows the pod, and an answer of filter that named two nodes of three."""
    made = live_service(clock, offered=OfferedNodes(clock))
    assert isinstance(made.follower, LiveFollower)
    made.follower.handler.apply(Changes.of(POD, [b.pod("job-1", "c")]))
    at_once(verbs.filter_(made, body("job-1", "c", "x", "y")))
    return made


@pytest.fixture
def bind(service, binder):
    """Bind with some arguments changed; ``binder`` has what came through."""
    events = cast("EventRecorder", SimpleNamespace(record=lambda *_, **__: None))
    pods = PodBinder(binder, events, service.follower, service.follower.offered)

    async def call(**changes):
        given = {field: getattr(ARGS, field) for field in ARGS.__struct_fields__}
        answer = await verbs.bind(pods, service.metrics, json.dumps(_body(given | changes)).encode())
        return json.loads(answer.body)["Error"]

    return call


def _body(args):
    return {
        "PodName": args["pod_name"],
        "PodNamespace": args["pod_namespace"],
        "PodUID": args["pod_uid"],
        "Node": args["node"],
    }


async def test_the_scheduler_binds(bind, binder):
    """The pod that was asked about, to a node that was named."""
    assert await bind() == ""
    assert binder.bound == [ARGS]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"pod_uid": "another"}, "no unbound pod of this name and UID"),
        ({"pod_name": "job-9"}, "no unbound pod of this name and UID"),
        ({"node": "far"}, "did not name this node"),
        ({"node": "node-of-the-attacker"}, "did not name this node"),
    ],
)
async def test_nothing_else_is_bound(bind, binder, changes, problem):
    """No request reaches the API server, and the answer tells nothing of the pod."""
    error = await bind(**changes)
    assert problem in error
    assert "uid-job-1" not in error
    assert binder.bound == []


@pytest.mark.parametrize(
    "changes",
    [{"pod_name": ".."}, {"pod_namespace": ".."}, {"pod_namespace": "a/b", "pod_name": "c?d"}, {"node": "."}],
)
async def test_what_is_no_name_is_refused(bind, binder, changes):
    """Before anything is looked up."""
    with pytest.raises(BadRequest):
        await bind(**changes)
    assert binder.bound == []


async def test_a_pod_that_nobody_filtered_is_not_bound(service, bind, binder):
    """Nor one of which the answer is forgotten."""
    service.follower.handler.apply(Changes.of(POD, [b.pod("job-2", "d")]))
    assert "remembers no filter answer" in await bind(pod_name="job-2", pod_uid="uid-job-2")
    assert binder.bound == []


async def test_an_old_answer_binds_nothing(bind, binder, clock):
    """The scheduler has to ask again."""
    clock.now += OFFER_SECONDS + 1
    assert "older than 10 minutes" in await bind()
    assert binder.bound == []


async def test_a_bound_pod_is_not_bound_again(service, bind, binder):
    """As the API shows it."""
    service.follower.handler.apply(Changes.of(POD, [replace(b.pod("job-1", "c"), node_name="y")]))
    assert "no unbound pod" in await bind()
    assert binder.bound == []


async def test_after_a_binding_the_answer_is_used_up(bind, binder):
    """A second binding needs a second answer."""
    assert await bind() == ""
    assert "remembers no filter answer" in await bind()
    assert len(binder.bound) == 1
