"""Pod groups with the real scheduler: what their pods get, and what is left of groups that fail."""

from __future__ import annotations

import pytest

from tests.e2e import fleet, pod_groups
from tests.e2e.api import connect
from tests.e2e.gang_scenarios import BESIDE
from tests.e2e.gangs import SCENARIOS, play
from tests.e2e.releases import MINOR, binaries
from tests.e2e.ways import Way

pytestmark = pytest.mark.e2e

GANGS = SIZE = 3
DECISIVE = Way("decisive", 150, ("--decisive",))


@pytest.fixture(scope="module")
def groups_plane(tmp_path_factory):
    """A control plane that knows pod groups."""
    if MINOR not in pod_groups.SUPPORT:
        pytest.skip(f"pods of {MINOR} name no PodGroup")
    if not binaries(MINOR).built():
        pytest.skip(f"no control plane of {MINOR} is built (make e2e; needs Go)")
    directory = tmp_path_factory.mktemp(f"groups-{MINOR}")
    with pod_groups.start_with_groups(MINOR, directory) as running:
        yield running


@pytest.fixture
async def groups_api(groups_plane):
    """An administrator's client of a fleet of 24 nodes without pods."""
    async with connect(groups_plane) as api:
        await fleet.load(api, fleet.recorded())
        yield api
        await pod_groups.clear(api, MINOR)


async def test_gangs_get_what_is_predicted_and_failed_ones_hold_nothing(groups_plane, groups_api):
    """Gangs at once, back to back, refused until others leave, and preempting: all pods of each, or none."""
    scenarios = play(groups_plane, groups_api, DECISIVE, list(SCENARIOS), GANGS, SIZE, plain=False)
    played = {name: result async for name, result in scenarios}
    for name, result in played.items():
        assert result.assumed == result.outcome.torn == 0, (name, result)
        assert result.matches["wrong"] == result.matches["unseen"] == 0, (name, result.mismatches)
    for name in ("at once", "back to back"):
        assert played[name].matches == {"match": GANGS * SIZE}, played[name].mismatches
        assert played[name].documented.root == GANGS * SIZE
    assert played["crowded"].outcome.refused == 2
    assert [each["pod"] for each in played["crowded"].mismatches if BESIDE in each["pod"]] == []
