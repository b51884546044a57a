"""Other readings of objects that are followed anyway."""

from __future__ import annotations

import asyncio

from extender.core.cluster.changes import Changes
from extender.kube.decode.readings import NOMINATION_READINGS
from extender.model.kinds import POD
from extender.model.pending_pods import PENDING_POD
from extender.model.scheduling_kinds import SCHEDULING_POD
from tests.kube.api_server import HOLD, PODS, line, named
from tests.kube.watch.reflecting import following

CLAIMS = [{"name": "c", "resourceClaimName": "c"}]


class Reader:
    """The changes in order, and whether the sink had the objects by then."""

    def __init__(self):
        self.changes: list[Changes] = []

    def apply(self, changes):
        self.changes.append(changes)


def pod(name, version="1", **spec):
    return named(name, version, "team", spec={"resourceClaims": CLAIMS} | spec)


async def read(server, connection, *events):
    reader = Reader()
    server.objects[PODS] = [pod("waits"), pod("runs", nodeName="n")]
    server.watches[PODS] = [[*events, HOLD]]
    readings = [each for each in NOMINATION_READINGS if each.of is POD]
    async with following(connection, "Pod", readings=readings, reader=reader) as (_, sink, _):
        async with asyncio.timeout(5):
            while len(sink.changes) < 1 + len(events):  # noqa: ASYNC110 - the reflector makes it true
                await asyncio.sleep(0.01)
    return reader, sink


def table(changes):
    return {key: value and value.version for key, value in changes[PENDING_POD].items()}


async def test_a_list_and_what_comes_after(server, connection):
    """Pods that do not matter count as gone, also where they did before."""
    reader, sink = await read(
        server,
        connection,
        line("ADDED", pod("new", "2")),
        line("MODIFIED", pod("waits", "3", nodeName="n")),
        line("DELETED", pod("new", "4")),
    )
    assert [table(each) for each in reader.changes] == [
        {("team", "waits"): "1", ("team", "runs"): None},
        {("team", "new"): "2"},
        {("team", "waits"): None},
        {("team", "new"): None},
    ]
    assert [each.complete for each in reader.changes] == [
        {PENDING_POD.name, SCHEDULING_POD.name},
        set(),
        set(),
        set(),
    ]
    assert all(set(each.by_kind) == {"Pod"} for each in sink.changes)


async def test_what_only_the_reading_cannot_read(server, connection):
    """The object itself is followed; the reading counts it as gone."""
    reader, sink = await read(server, connection, line("MODIFIED", pod("waits", "2", priority="high")))
    assert table(reader.changes[1]) == {("team", "waits"): None}
    assert set(sink.changes[1][POD]) == {("team", "waits")}
    assert None not in sink.changes[1][POD].values()


async def test_what_cannot_be_read_at_all(server, connection):
    """It is gone for both."""
    reader, sink = await read(server, connection, line("MODIFIED", named("waits", "2", "team", spec=7)))
    assert table(reader.changes[1]) == {("team", "waits"): None}
    assert sink.changes[1][POD] == {("team", "waits"): None}
