"""Claims that the scheduler has seen before us: a request waits for them, not for long and not for many."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import orjson
import pytest

from extender.core.cluster.changes import Changes
from extender.core.cluster.snapshot import Snapshot
from extender.core.prediction.evaluate import evaluate
from extender.core.releases.history import release_for
from extender.model.kinds import RESOURCE_CLAIM
from extender.service.http import claims_shown as module
from extender.service.http.frozen import NoFollower
from extender.service.http.web import make_app
from extender.service.live.awaited import MAX_ASKED_ABOUT_OF_A_NAMESPACE
from tests import builders as b
from tests.kube.api_server import eventually
from tests.service.http.changing_cluster import Changing


class Store:
    """A cluster without the claims that its pods name, until they are shown."""

    ready = True

    def __init__(self, world):
        self.current = Snapshot.of(release=release_for("1.36.2"), **world | {"claims": ()})

    def show(self, service, claim):
        changes = Changes.of(RESOURCE_CLAIM, [claim])
        self.current = self.current.updated(changes)
        service.awaited_claims.on_changes(changes)


@pytest.fixture
def live(service, world):
    return replace(service, store=Store(world), evaluate=evaluate, follower=Changing())


def scores(answer):
    return {entry["Host"]: entry["Score"] for entry in answer}


async def ask(client, verb, body):
    async with client.post(f"/{verb}", data=body) as response:
        assert response.status == 200
        return await response.json()


@pytest.mark.parametrize("verb", ["prioritize", "filter"])
async def test_a_claim_that_is_shown_meanwhile(connect, live, args, monkeypatch, verb):
    """The request goes on at once, with the claim."""
    monkeypatch.setattr(module, "SHOWN_SECONDS", 30.0)
    client = await connect(make_app(live))
    answer = asyncio.create_task(ask(client, verb, args("near", "far", alignment="required")))
    await eventually(lambda: len(live.awaited_claims))
    live.store.show(live, b.claim("another"))
    await asyncio.sleep(0.01)
    assert not answer.done()
    live.store.show(live, b.claim("job-1-claim-0"))
    said = await answer
    if verb == "prioritize":
        assert scores(said)["near"] == 100 > scores(said)["far"]
    else:
        assert said["NodeNames"] == ["near"]
    assert len(live.awaited_claims) == 0


async def test_a_claim_that_is_never_shown(connect, live, args, monkeypatch):
    """Every node scores half after the time."""
    monkeypatch.setattr(module, "SHOWN_SECONDS", 0.02)
    client = await connect(make_app(live))
    assert scores(await ask(client, "prioritize", args("near", "far"))) == {"near": 50, "far": 50}
    assert len(live.awaited_claims) == 0


async def test_nothing_is_awaited_where_nothing_can_appear(connect, live, args, monkeypatch):
    """A dump stays as it is; a live cluster has no time for more than so many."""
    monkeypatch.setattr(module, "SHOWN_SECONDS", 30.0)
    dump = replace(live, follower=NoFollower())
    client = await connect(make_app(dump))
    assert scores(await ask(client, "prioritize", args("near"))) == {"near": 50}
    body = orjson.loads(args("near"))
    body["Pod"]["spec"]["resourceClaims"] = [
        {"name": f"c-{number}", "resourceClaimName": f"c-{number}"}
        for number in range(MAX_ASKED_ABOUT_OF_A_NAMESPACE + 1)
    ]
    client = await connect(make_app(live))
    assert scores(await ask(client, "prioritize", orjson.dumps(body))) == {"near": 50}
    assert len(live.awaited_claims) == 0
