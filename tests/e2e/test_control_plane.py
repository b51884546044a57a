"""The control plane itself: it survives a restart of a part, and leaves nothing behind."""

from __future__ import annotations

import os

import pytest

from tests.e2e import scheduler_config, workload
from tests.e2e.control_plane import PARTS, start
from tests.e2e.process import NotReady

pytestmark = pytest.mark.e2e


async def test_the_api_server_can_be_restarted(cluster):
    """After a restart the objects are there, under the same address and token, and pods get bound."""
    before = cluster.plane.process("apiserver").pid
    nodes = {node["metadata"]["name"] for node in await cluster.api.list_all("Node")}
    with cluster.plane.scheduler(scheduler_config.stock(cluster.plane)):
        cluster.plane.restart_apiserver()
        assert cluster.plane.process("apiserver").pid != before
        assert {node["metadata"]["name"] for node in await cluster.api.list_all("Node")} == nodes
        names = await workload.create_pairs(cluster.api, 4)
        assert set((await workload.wait_bound(cluster.api, names)).values()) <= nodes
        devices = await workload.allocations(cluster.api, names)
    assert all(len(held) == 2 for held in devices.values())


def test_nothing_runs_on(plane, tmp_path):
    """Every process that was started is gone after the block, though it ends in an error."""
    pids: list[int] = []

    def fail():
        with start(plane.minor, tmp_path) as second:
            pids.extend(second.process(part).pid for part in PARTS)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert len(pids) == len(PARTS)
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_scheduler_that_does_not_start_says_why(plane):
    """A configuration with an unknown field ends the scheduler, and the error has its words."""
    config = scheduler_config.stock(plane, unheardOf=True)
    with pytest.raises(NotReady, match="unheardOf"), plane.scheduler(config):
        pass
