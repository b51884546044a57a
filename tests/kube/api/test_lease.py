"""One of several replicas holds the Lease, and another takes over within 15 seconds."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest

from extender.kube.api.errors import ApiRefusal, Unreachable
from extender.kube.api.lease import DURATION_SECONDS, HOLD_SECONDS, RENEW_SECONDS, Lease, own_namespace
from tests.clock import Clock
from tests.kube.api_server import status

LEASES = "/apis/coordination.k8s.io/v1/namespaces/ours/leases"
LEASE = f"{LEASES}/nominate"


@dataclass
class Leases:
    """An API server with one Lease, which refuses writes of an old version."""

    lease: dict | None = None
    version: int = 0
    away: bool = False
    seen: list[str] = field(default_factory=list)

    async def get(self, path, parameters, rule, *, timeout_seconds):
        self._reach("get")
        if self.lease is None:
            raise ApiRefusal("not found", 404)
        return json.dumps(self.lease).encode()

    async def post(self, path, body, rule, *, timeout_seconds):
        self._reach("create")
        if self.lease is not None:
            raise ApiRefusal("exists", 409)
        return self._store(body)

    async def put(self, path, body, rule, *, timeout_seconds):
        self._reach("update")
        if self.lease is None or body["metadata"]["resourceVersion"] != str(self.version):
            raise ApiRefusal("changed", 409)
        return self._store(body)

    def _reach(self, verb):
        if self.away:
            raise Unreachable("no answer")
        self.seen.append(verb)

    def _store(self, body):
        self.version += 1
        self.lease = {**body, "metadata": {**body["metadata"], "resourceVersion": str(self.version)}}
        return b"{}"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def leases():
    return Leases()


def replica(leases, clock, name):
    return Lease(leases, "ours", "nominate", name, clock=clock, random=lambda: 0.5)


async def test_the_first_one_holds_it(leases, clock):
    """The second one stands by, however often it looks."""
    first, second = replica(leases, clock, "a"), replica(leases, clock, "b")
    for _ in range(20):
        await first.step()
        await second.step()
        assert (first.held, second.held) == (True, False)
        clock.now += RENEW_SECONDS
    assert leases.lease["spec"]["holderIdentity"] == "a"
    assert leases.lease["spec"]["leaseTransitions"] == 0


async def test_another_takes_over_within_fifteen_seconds(leases, clock):
    """The holder dies; nobody but the second is left, and it never holds the lease beside the first."""
    first, second = replica(leases, clock, "a"), replica(leases, clock, "b")
    await first.step()
    await second.step()
    died = clock.now
    while not second.held:
        clock.now += 0.1
        if (clock.now - died) % RENEW_SECONDS < 0.1:
            await second.step()
        assert not (first.held and second.held)
    assert clock.now - died <= 15
    assert leases.lease["spec"]["leaseTransitions"] == 1


async def test_whoever_cannot_renew_stops_first(leases, clock):
    """The holder loses the API server, and stops before another one may take over."""
    first = replica(leases, clock, "a")
    await first.step()
    leases.away = True
    clock.now += HOLD_SECONDS - 0.1
    await first.step()
    assert first.held
    clock.now += 0.2
    assert not first.held
    assert HOLD_SECONDS < DURATION_SECONDS


async def test_a_released_lease_is_taken_at_once(leases, clock):
    """A replica that ends in order does not keep the other one waiting."""
    first, second = replica(leases, clock, "a"), replica(leases, clock, "b")
    await first.step()
    await second.step()
    await first.release()
    assert not first.held
    await second.step()
    assert second.held


async def test_two_that_come_at_once(leases, clock):
    """Only one write of a version succeeds."""
    await replica(leases, clock, "gone").step()
    first, second = replica(leases, clock, "a"), replica(leases, clock, "b")
    await first.step()
    await second.step()
    clock.now += DURATION_SECONDS + 1
    version = leases.version
    stale = json.loads(json.dumps(leases.lease))
    await first.step()
    leases.lease, newer = stale, leases.lease
    await second.step()
    leases.lease = newer
    assert leases.version == version + 1
    assert (first.held, second.held) == (True, False)


async def test_a_missing_right_is_no_lease(server, connection, clock):
    """Who may not write it does not act."""
    server.failures["create", LEASES] = [status(403, "forbidden")]
    lease = Lease(connection, "ours", "nominate", "a", clock=clock)
    held = []
    for _ in range(2):
        await lease.step()
        held.append(lease.held)
    assert held == [False, True]
    assert server.of("list", LEASE)
    body = server.of("create", LEASES)[-1].body
    assert body["spec"]["holderIdentity"] == "a"
    assert body["metadata"] == {"name": "nominate", "namespace": "ours"}


def test_outside_a_cluster():
    """There is no service account."""
    assert own_namespace() == "default"
