"""Events about pods: what is written, and that nobody ever waits for it."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta, timezone

import pytest
from structlog.testing import capture_logs

from extender.kube.api.event_recorder import (
    NOTE_BYTES,
    EventRecorder,
    EventResult,
    ObjectReference,
    shortened,
)
from tests.kube.api_server import CUT, HOLD, eventually, status

POD = ObjectReference("team", "job-1", "u-1")
EVENTS = "/apis/events.k8s.io/v1/namespaces/team/events"
NOON = datetime(2026, 6, 1, 14, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2)))


def counted(connection, **options):
    """A recorder, and what became of its Events."""
    results: Counter[EventResult] = Counter()
    return EventRecorder(connection, lambda result: results.update([result]), **options), results


@asynccontextmanager
async def running(recorder):
    task = asyncio.create_task(recorder.run())
    try:
        yield recorder
        assert not task.done(), task
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_event(server, connection):
    """All that the API server demands, and the pod it is about."""
    recorder, results = counted(connection, instance="pod-0", now=lambda: NOON)
    recorder.record(POD, reason="DevicesAligned", note="gpu-0 and nic-0 share a PCIe root")
    async with running(recorder):
        await eventually(lambda: results[EventResult.WRITTEN] == 1)
    nanoseconds = (int(NOON.timestamp()) * 1_000_000 + 123456) * 1000
    assert server.of("create", EVENTS)[0].body == {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"namespace": "team", "name": f"job-1.{nanoseconds:x}"},
        "eventTime": "2026-06-01T12:00:00.123456Z",
        "reportingController": "dra-extender.io/dra-extender",
        "reportingInstance": "pod-0",
        "action": "Binding",
        "reason": "DevicesAligned",
        "regarding": {"apiVersion": "v1", "kind": "Pod", "namespace": "team", "name": "job-1", "uid": "u-1"},
        "note": "gpu-0 and nic-0 share a PCIe root",
        "type": "Normal",
    }


async def test_warning(server, connection):
    """A warning is of that type, and the machine's name stands for an instance not given."""
    recorder, results = counted(connection)
    recorder.record(POD, reason="DevicesFarApart", note="", action="Scoring", warning=True)
    async with running(recorder):
        await eventually(lambda: results[EventResult.WRITTEN] == 1)
    body = server.of("create", EVENTS)[0].body
    assert (body["type"], body["action"]) == ("Warning", "Scoring")
    assert 0 < len(body["reportingInstance"]) <= 128


@pytest.mark.parametrize("failure", [status(403, "no"), status(404, "namespace gone"), CUT])
async def test_failures_are_said_once(server, connection, failure):
    """A run of failures is one line; the Events after it are written."""
    server.failures["create", EVENTS] = [failure] * 3
    recorder, results = counted(connection)
    for _ in range(4):
        recorder.record(POD, reason="R", note="n")
    with capture_logs() as logs:
        async with running(recorder):
            await eventually(lambda: results[EventResult.WRITTEN] == 1)
    assert results == {EventResult.FAILED: 3, EventResult.WRITTEN: 1}
    assert [each["event"] for each in logs] == ["cannot write Events"]


async def test_missing_rule(server, connection):
    """RBAC's refusal names the rule."""
    server.failures["create", EVENTS] = [status(403, "no")]
    recorder, results = counted(connection)
    recorder.record(POD, reason="R", note="n")
    with capture_logs() as logs:
        async with running(recorder):
            await eventually(lambda: results[EventResult.FAILED] == 1)
    assert "grant this user the verb create on events.events.k8s.io in a ClusterRole" in logs[0]["problem"]


async def test_full_queue_drops(server, connection):
    """A server that hangs costs its callers nothing but the Events."""
    server.failures["create", EVENTS] = [HOLD]
    recorder, results = counted(connection, limit=2)
    async with running(recorder):
        recorder.record(POD, reason="R", note="n")
        await eventually(lambda: server.of("create", EVENTS))
        for _ in range(5):
            recorder.record(POD, reason="R", note="n")
        assert results[EventResult.DROPPED] == 3


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        ("x" * NOTE_BYTES, "x" * NOTE_BYTES),
        ("x" * (NOTE_BYTES + 1), "x" * (NOTE_BYTES - 3) + "…"),
        ("ü" * NOTE_BYTES, "ü" * 510 + "…"),
        ("x\ud800", "x?"),
    ],
)
def test_shortened(note, expected):
    """Notes fit into the limit, cut between characters."""
    assert shortened(note) == expected
    assert len(shortened(note).encode()) <= NOTE_BYTES


async def test_long_pod_names(server, connection):
    """The Event's name is within a name's limit, and still one."""
    recorder, results = counted(connection, now=lambda: datetime(2026, 6, 1, tzinfo=UTC))
    name = "a" * 235 + "-" + "b" * 17
    recorder.record(ObjectReference("team", name, "u"), reason="R", note="n")
    async with running(recorder):
        await eventually(lambda: results[EventResult.WRITTEN] == 1)
    body = server.of("create", EVENTS)[0].body
    assert len(body["metadata"]["name"]) <= 253
    assert body["metadata"]["name"].startswith("a" * 235 + ".")
    assert body["regarding"]["name"] == name
