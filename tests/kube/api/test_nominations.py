"""Naming the node of a pending pod: one field, only of the very pod that was judged."""

from __future__ import annotations

import pytest
import structlog

from extender.kube.api.nominations import ApiNominations, Written
from extender.model.pending_pods import FIELD_MANAGER, PendingPod
from tests.kube.api_server import CUT, HOLD, status

STATUS = "/api/v1/namespaces/team/pods/job-1/status"
POD = PendingPod("team", "job-1", "u-1", version="7")


@pytest.fixture
def nominations(connection):
    return ApiNominations(connection, timeout_seconds=0.5)


async def test_a_nomination(server, nominations):
    """Nothing of the pod is written but the one field; UID and version are preconditions."""
    assert await nominations.write(POD, "node-a") is Written.DONE
    (asked,) = server.of("patch", STATUS)
    assert asked.body == {
        "metadata": {"uid": "u-1", "resourceVersion": "7"},
        "status": {"nominatedNodeName": "node-a"},
    }
    assert asked.content_type == "application/merge-patch+json"
    assert asked.query == {"fieldManager": FIELD_MANAGER}


async def test_taking_a_nomination_back(server, nominations):
    """A merge patch removes a field that is null."""
    assert await nominations.write(POD, "") is Written.DONE
    assert server.of("patch", STATUS)[0].body["status"] == {"nominatedNodeName": None}


@pytest.mark.parametrize(
    ("failure", "result"),
    [
        (status(409, "the object has been modified"), Written.CHANGED),
        (status(404, "not found"), Written.CHANGED),
        (status(403, "forbidden"), Written.REFUSED),
        (status(429, "later"), Written.REFUSED),
        (CUT, Written.UNANSWERED),
        (HOLD, Written.UNANSWERED),
    ],
)
async def test_failures(server, nominations, failure, result):
    """Each says whether the API server may have taken the patch; nothing is tried twice."""
    server.failures["patch", STATUS] = [failure]
    assert await nominations.write(POD, "node-a") is result
    assert len(server.of("patch", STATUS)) == 1


async def test_a_missing_right_is_logged_once(server, nominations):
    """The text names the right; it is said again only after a patch was taken."""
    server.failures["patch", STATUS] = [status(403, "no")] * 3 + [None, status(403, "no")]
    with structlog.testing.capture_logs() as logs:
        for _ in range(3):
            await nominations.write(POD, "node-a")
        assert len(logs) == 1
        await nominations.write(POD, "node-a")
        await nominations.write(POD, "node-a")
    assert len(logs) == 2
    assert "verb patch on pods/status" in logs[0]["problem"]
