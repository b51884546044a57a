"""Binding pods as kube-scheduler does, through every failure that may or may not have bound the pod."""

from __future__ import annotations

import asyncio
import json

import pytest
import structlog

from extender.kube.api.binder import ATTEMPTS, ApiBinder
from extender.service.http import dependencies
from extender.service.wire import BindingArgs
from tests.kube.api_server import CUT, HOLD, status

POD = "/api/v1/namespaces/team/pods/job-1"
BINDING = f"{POD}/binding"
ARGS = BindingArgs(pod_name="job-1", pod_namespace="team", pod_uid="u-1", node="node-a")
BOUND_ALREADY = status(409, 'pod job-1 is already assigned to node "node-a"')


@pytest.fixture
def waits():
    return []


@pytest.fixture
def binder(connection, waits):
    async def sleep(seconds):
        waits.append(seconds)

    fits: dependencies.Binder = ApiBinder(connection, random=lambda: 1.0, sleep=sleep)
    return fits


def shows(server, uid="u-1", node="node-a"):
    """Let the server show the pod on a node."""
    server.bodies["list", POD] = json.dumps({"metadata": {"uid": uid}, "spec": {"nodeName": node}}).encode()


async def test_binding(server, binder, waits):
    """The binding is the scheduler's: the UID guards against another pod of the name."""
    assert await binder.bind(ARGS) == ""
    assert [each.body for each in server.of("create", BINDING)] == [
        {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"namespace": "team", "name": "job-1", "uid": "u-1"},
            "target": {"kind": "Node", "name": "node-a"},
        }
    ]
    assert waits == []


@pytest.mark.parametrize("failure", [status(code, "later") for code in (429, 500, 503, 504)] + [CUT])
async def test_retried(server, binder, waits, failure):
    """What may pass is tried again, with growing waits."""
    server.failures["create", BINDING] = [failure] * 3
    assert await binder.bind(ARGS) == ""
    assert len(server.of("create", BINDING)) == 4
    assert waits == [0.05, 0.1, 0.2]


async def test_server_says_when_to_come_back(server, binder, waits):
    """Retry-After is heeded."""
    server.failures["create", BINDING] = [status(429, "busy", {"Retry-After": "1"})]
    assert await binder.bind(ARGS) == ""
    assert waits == [1.0]


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (
            status(403, "of others"),
            "(403); grant the extender the verb create on pods/binding in a ClusterRole",
        ),
        (status(404, "of others"), "the API server refused the binding (404); given up after 1 attempt, see"),
        (status(409, "of others"), "(409); given up after 1 attempt"),
        (status(422, "of others"), "(422)"),
    ],
)
async def test_not_retried(server, binder, waits, failure, expected):
    """What will not pass is answered at once, though the pod may stand on the node by another's hand."""
    server.failures["create", BINDING] = [failure]
    shows(server)
    with structlog.testing.capture_logs() as logged:
        answer = await binder.bind(ARGS)
    assert expected in answer
    assert (len(server.of("create", BINDING)), waits) == (1, [])
    assert "of others" not in answer
    assert ["of others" in line["problem"] for line in logged] == [True]


@pytest.mark.parametrize("first", [CUT, status(504, "timeout"), status(500, "etcd")])
async def test_bound_by_an_attempt_that_seemed_to_fail(server, binder, first):
    """The second attempt conflicts with the first, which did bind: success."""
    server.failures["create", BINDING] = [first, BOUND_ALREADY]
    shows(server)
    assert await binder.bind(ARGS) == ""


@pytest.mark.parametrize(("uid", "node"), [("u-2", "node-a"), ("u-1", "node-b"), ("u-1", None)])
async def test_conflict_with_another_binding(server, binder, uid, node):
    """Bound to another node, or another pod of the name: an error, whatever was tried before."""
    server.failures["create", BINDING] = [CUT, BOUND_ALREADY]
    shows(server, uid, node)
    assert "(409)" in await binder.bind(ARGS)


async def test_conflict_and_nobody_to_ask(server, binder):
    """Where the pod cannot be read the conflict stands."""
    server.failures["create", BINDING] = [CUT, BOUND_ALREADY]
    server.failures["list", POD] = [status(403, "no")]
    assert "(409)" in await binder.bind(ARGS)


async def test_given_up(server, binder, waits):
    """After the last attempt the text says how many there were, unless one came through after all."""
    server.failures["create", BINDING] = [status(503, "down")] * ATTEMPTS * 2
    answer = await binder.bind(ARGS)
    assert f"refused the binding (503); given up after {ATTEMPTS} attempts, see the extender's log" in answer
    assert (len(server.of("create", BINDING)), len(waits)) == (ATTEMPTS, ATTEMPTS - 1)
    shows(server)
    assert await binder.bind(ARGS) == ""


async def test_deadline(server, connection):
    """A server that does not answer: the scheduler gets its answer before it hangs up."""
    server.failures["create", BINDING] = [HOLD] * ATTEMPTS
    loop = asyncio.get_running_loop()
    begun = loop.time()
    answer = await ApiBinder(connection, deadline_seconds=0.2).bind(ARGS)
    assert "no answer from the API server" in answer
    assert "127.0.0.1" not in answer
    assert "given up after" in answer
    assert loop.time() - begun < 1


async def test_wait_beyond_the_deadline(server, connection):
    """There is no use in waiting for longer than there is time."""
    server.failures["create", BINDING] = [status(429, "busy", {"Retry-After": "1"})]
    answer = await ApiBinder(connection, deadline_seconds=0.5).bind(ARGS)
    assert "given up after 1 attempt," in answer
    assert len(server.of("create", BINDING)) == 1


async def test_odd_names_stay_in_their_place(server, connection):
    """A name cannot lead to another path."""
    args = BindingArgs(pod_name="a/../b?x#y", pod_namespace="team", pod_uid="u", node="n")
    await ApiBinder(connection).bind(args)
    assert server.asked[-1].path == "/api/v1/namespaces/team/pods/a/../b?x#y/binding"
