"""Nomination beside all else that decides about a node, and while programs are killed."""

from __future__ import annotations

import pytest

from tests.e2e.needs_nomination import NEEDS_NOMINATION
from tests.e2e.nominate_churn import churn
from tests.e2e.nominate_mix import mixed

pytestmark = [pytest.mark.e2e, NEEDS_NOMINATION]

NEVER_NOMINATED = {"tainted", "no-cpu", "second-scheduler", "preempting"}


async def test_everything_that_decides_about_a_node(cluster):
    """
    Nobody starves: each group is bound as without us, and where it was nominated.

    A nomination of low priority is no reason for a pod of high priority to wait.
    """
    rows = await mixed(cluster.plane, cluster.api, cluster.account, cluster.directory)
    assert {row.group.name: row.bound for row in rows} == {row.group.name: row.group.stock for row in rows}
    assert [row.group.name for row in rows if row.strayed] == []
    for row in rows:
        if row.group.name in NEVER_NOMINATED:
            assert row.nominated == 0, row
        elif row.group.stock and row.group.name != "high-priority":
            assert row.nominated == row.taken == row.group.pods, row


async def test_nothing_is_left_after_replicas_and_the_scheduler_are_killed(cluster):
    """A short form of ``tests.e2e.nominate_churn``, without the API server."""
    found = await churn(
        cluster.plane,
        cluster.account,
        40,
        create_per_second=8,
        delete_per_second=4,
        with_api_server=False,
    )
    assert (found.created, found.held_back, found.pending) == (40, [], [])
    assert (found.nominated, found.assumed, found.outstanding, found.errors) == ([], 0, 0, 0)
    assert found.deleted
