"""Pod groups with the real scheduler: what their pods get, and what is left of groups that fail."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from tests.e2e import fleet, pod_groups, workload
from tests.e2e.api import connect
from tests.e2e.control_plane import ControlPlane
from tests.e2e.extender_server import ready, serving, until
from tests.e2e.gang_scenarios import BESIDE
from tests.e2e.gangs import ON_ONE_TYPE, SCENARIOS, play
from tests.e2e.releases import MINOR, binaries
from tests.e2e.ways import Way, configured

pytestmark = pytest.mark.e2e

GANGS = SIZE = 3
DECISIVE = Way("decisive", 150, ("--decisive",))
SHARED = "shared"


@pytest.fixture(scope="module")
def groups_plane(tmp_path_factory):
    """A control plane that knows pod groups and their claims."""
    with _started(tmp_path_factory, pod_groups.CLAIMS_GATE) as running:
        yield running


@contextlib.contextmanager
def _started(tmp_path_factory: pytest.TempPathFactory, gate: str) -> Iterator[ControlPlane]:
    if MINOR not in pod_groups.SUPPORT:
        pytest.skip(f"pods of {MINOR} name no PodGroup")
    if not binaries(MINOR).built():
        pytest.skip(f"no control plane of {MINOR} is built (make e2e; needs Go)")
    with pod_groups.start_with_groups(MINOR, tmp_path_factory.mktemp(f"groups-{MINOR}"), gate) as running:
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


async def test_the_claim_of_a_group_is_predicted_for_its_pods(groups_plane, groups_api):
    """A claim made from a group's template is the group's; its pods share the devices, on one node."""
    entry = {"name": SHARED, "resourceClaimTemplateName": f"{SHARED}-0"}
    await workload.create_claims(groups_api, SHARED, template=True)
    await pod_groups.create_group(groups_api, MINOR, "job", SIZE, claims=[entry])
    gate = f"{pod_groups.CLAIMS_GATE}=true"
    served = ("--kubeconfig", groups_plane.kubeconfig, "--decisive", "--feature-gates", gate)
    with serving(groups_plane.directory, *served) as extender:
        await until(lambda: ready(extender), "ready")
        with groups_plane.scheduler(configured(groups_plane, DECISIVE, extender.url, filterVerb="filter")):
            names = [f"member-{number}" for number in range(SIZE)]
            for name in names:
                pod = workload.pod(name, workload.Ask.ONE_CLAIM)
                pod["spec"] |= {"resourceClaims": [entry], "schedulingGroup": {"podGroupName": "job"}}
                pod["spec"]["containers"][0]["resources"] = {"claims": [{"name": SHARED}]}
                await groups_api.create(pod)
            nodes = await workload.wait_bound(groups_api, names)
            assert len(set(nodes.values())) == 1
            (claim,) = await groups_api.list_all("ResourceClaim", workload.NAMESPACE)
            assert [owner["kind"] for owner in claim["metadata"]["ownerReferences"]] == ["PodGroup"]
            assert [each["resource"] for each in claim["status"]["reservedFor"]] == ["podgroups"]
            await until(lambda: extender.matches() == 1, "compared")
            assert extender.matches(result="match") == 1, extender.mismatches()
            await until(lambda: extender.metric("in_flight_claims") == 0, "nothing is assumed")


async def test_gangs_on_machines_of_one_type_get_what_is_predicted(tmp_path_factory):
    """The scheduler tries every type of machine and takes one of them, which need not be the last."""
    with _started(tmp_path_factory, pod_groups.TOPOLOGY_GATE) as plane:
        async with connect(plane) as api:
            documents = fleet.recorded()
            await fleet.load(api, documents)
            ((_, result),) = [
                each async for each in play(plane, api, DECISIVE, [ON_ONE_TYPE], GANGS, SIZE, plain=False)
            ]
    assert result.matches == {"match": GANGS * SIZE}, result.mismatches
    assert result.assumed == 0
