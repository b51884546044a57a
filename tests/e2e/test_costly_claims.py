"""Claims that cost much to judge, created among many ordinary ones, do not hold these up."""

from __future__ import annotations

import sys
from functools import partial

import pytest

from tests.e2e import fleet, workload
from tests.e2e.costly_claims import BOUND_SECONDS, Placed, fleet_of_copies, place, sample
from tests.e2e.extender_server import ready, serving, until

pytestmark = pytest.mark.e2e

REPEATS = 1
LEAST_RATIO = 0.8
"""Of the rate without the costly claims."""
MOST_WITHOUT_OPINION = 15
"""Ordinary pods of a run that came while a costly one was judged, and got an answer without an opinion."""


@pytest.fixture
async def copies(cluster):
    """A larger fleet beside that of the other tests."""
    await fleet.load(cluster.api, fleet_of_copies())
    yield
    await workload.clear(cluster.api, BOUND_SECONDS)
    await fleet.unload(cluster.api)


async def test_ordinary_pods_are_bound_as_fast_as_without(cluster, copies):
    """300 pods alone and among twenty costly ones, in turn: the rate and the predictions stay."""
    runs: dict[bool, list[Placed]] = {False: [], True: []}
    with serving(cluster.directory, "--kubeconfig", cluster.account, "--decisive") as extender:
        await until(partial(ready, extender), "ready")
        config = sample(cluster.plane, extender.url)
        for number in range(REPEATS):
            for costly in (False, True):
                name = f"{'costly' if costly else 'alone'}-{number}"
                with cluster.plane.scheduler(config):
                    placed = await place(cluster.api, extender, name, costly=costly)
                runs[costly].append(placed)
                sys.stdout.write(f"{name:9} {placed.line()}\n")
                await workload.clear(cluster.api, BOUND_SECONDS)
        assert extender.process.popen.poll() is None
        assert extender.metric("internal_errors_total") == 0
    alone, among = (sum(placed.rate for placed in runs[costly]) for costly in (False, True))
    sys.stdout.write(f"ratio {among / alone:.2f}\n")
    for placed in (*runs[False], *runs[True]):
        assert [found for found in placed.wrong if found["result"] == "wrong"] == []
        assert len(placed.wrong) <= MOST_WITHOUT_OPINION
    assert among >= LEAST_RATIO * alone
