"""Every right that ``deploy`` grants is needed: what breaks without it, on a real API server."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e import rights, scheduler_config, workload
from tests.e2e.api import connect
from tests.e2e.control_plane import start
from tests.e2e.extender_server import ready, serving, until
from tests.e2e.needs_nomination import NEEDS_NOMINATION
from tests.e2e.proxy import Fault, between
from tests.e2e.rights import Right
from tests.e2e.test_live import BINDING_SAMPLE

pytestmark = pytest.mark.e2e

TAINT_RULES: dict[str, dict[str, Any]] = {
    "1.34": {"feature_gates": {"DRADeviceTaints": True}, "served": ("resource.k8s.io/v1alpha3",)},
    "1.35": {"feature_gates": {"DRADeviceTaints": True}, "served": ("resource.k8s.io/v1alpha3",)},
    "1.36": {"feature_gates": {"DRADeviceTaintRules": True}, "served": ("resource.k8s.io/v1beta2",)},
    "1.37": {},
    "1.38": {},
}
"""What makes each minor serve DeviceTaintRules."""
ACCOUNT = "dra-extender-less-one"
FOLLOWING = [right for right in rights.rights() if right.verb in ("list", "watch")]
BIND = Right("", "pods/binding", "create")
LOOK = Right("", "pods", "get")
TELL = Right("events.k8s.io", "events", "create")
NOMINATE = Right("", "pods/status", "patch")
LEASES = [Right("coordination.k8s.io", "leases", verb) for verb in ("create", "get", "update")]


@pytest.fixture(scope="module")
def plane_with_taint_rules(plane, tmp_path_factory):
    """A control plane of its own that serves every kind that we follow."""
    directory = tmp_path_factory.mktemp("with-taint-rules")
    with start(plane.minor, directory, **TAINT_RULES[plane.minor]) as running:
        yield running


async def without(plane, right, url=""):
    """A kubeconfig with all rights of ``deploy`` but one."""
    async with connect(plane) as api:
        token = await rights.grant(api, ACCOUNT, right)
    return plane.write_kubeconfig("less-one.kubeconfig", token, url)


def failing(extender):
    """The checks that fail, but for that of the snapshot, which needs them all."""
    return [
        line for line in extender.checks().splitlines() if line.startswith("[-]") and "snapshot" not in line
    ]


def test_each_right_has_its_test():
    """A right that is granted and missing here would be granted without need."""
    assert set(rights.rights()) - set(FOLLOWING) == {BIND, LOOK, TELL, NOMINATE, *LEASES}


@pytest.mark.parametrize("right", FOLLOWING, ids=str)
async def test_a_kind_that_may_not_be_followed_is_named(plane_with_taint_rules, tmp_path, right):
    """Without list we never get ready, without watch a check fails; either says what to grant."""
    account = await without(plane_with_taint_rules, right)
    with serving(tmp_path, "--kubeconfig", account) as extender:
        await until(lambda: any(str(right) in line for line in failing(extender)), f"{right} is named")
        if right.verb == "watch":
            await until(lambda: ready(extender), "ready")
        await until(lambda: len(failing(extender)) == 1, "all other kinds are followed")
        assert str(right) in failing(extender)[0]
        assert ready(extender) is (right.verb == "watch")


async def test_a_binding_that_may_not_be_made_is_refused_with_the_right(cluster):
    """Where the extender is not ignorable the pod stays without a node, and its condition says why."""
    with serving(cluster.directory, "--kubeconfig", await without(cluster.plane, BIND), "--bind") as extender:
        await until(lambda: ready(extender), "ready")
        config = scheduler_config.sample(cluster.plane, BINDING_SAMPLE, extender.url, ignorable=False)
        with cluster.plane.scheduler(config):
            (name,) = await workload.create_pairs(cluster.api, 1)
            await until(lambda: extender.answered("bind", "refused"), "a refused binding")
            said = await workload.condition(cluster.api, name)
            assert str(BIND) in said
            assert "nodeName" not in (await cluster.api.get("Pod", name))["spec"]


@pytest.mark.parametrize("right", [None, LOOK], ids=str)
async def test_whether_a_binding_came_through_is_looked_up(cluster, right):
    """The binding's answer is lost. With all rights that is found out, without this one it is an error."""
    with between(cluster.plane) as proxy:
        account = await without(cluster.plane, right, proxy.url)
        with serving(cluster.directory, "--kubeconfig", account, "--bind") as extender:
            await until(lambda: ready(extender), "ready")
            config = scheduler_config.sample(cluster.plane, BINDING_SAMPLE, extender.url)
            proxy.fault = Fault.LOSE_BINDINGS
            with cluster.plane.scheduler(config):
                (name,) = await workload.create_pairs(cluster.api, 1)
                await workload.wait_bound(cluster.api, [name])
                result = "ok" if right is None else "refused"
                await until(lambda: extender.answered("bind", result), f"a binding that is {result}")
        assert proxy.lost


async def test_events_that_may_not_be_written_are_logged_with_the_right(cluster):
    """The pod is bound all the same."""
    with serving(cluster.directory, "--kubeconfig", await without(cluster.plane, TELL), "--bind") as extender:
        await until(lambda: ready(extender), "ready")
        config = scheduler_config.sample(cluster.plane, BINDING_SAMPLE, extender.url)
        with cluster.plane.scheduler(config):
            names = await workload.create_pairs(cluster.api, 1, prefix="untold")
            await workload.wait_bound(cluster.api, names)
            await until(lambda: str(TELL) in extender.process.tail(), f"the log names the {TELL}")
        assert extender.answered("bind") == 1
        assert names[0] not in await workload.notes(cluster.api, "DevicesAllocated")


@NEEDS_NOMINATION
async def test_a_nomination_that_may_not_be_written_is_logged_with_the_right(cluster):
    """The pod is scheduled as usual."""
    account = await without(cluster.plane, NOMINATE)
    with serving(cluster.directory, "--kubeconfig", account, "--nominate") as extender:
        await until(lambda: extender.metric("nominating"), "nominating")
        (name,) = await workload.create_pairs(cluster.api, 1)
        await until(lambda: str(NOMINATE) in extender.process.tail(), f"the log names the {NOMINATE}")
        with cluster.plane.scheduler(scheduler_config.stock(cluster.plane)):
            await workload.wait_bound(cluster.api, [name])
        assert extender.metric("nominations_total", result="refused") >= 1


@NEEDS_NOMINATION
@pytest.mark.parametrize("right", LEASES, ids=str)
async def test_nobody_nominates_without_the_lease(cluster, right):
    """The log names the right."""
    account = await without(cluster.plane, right)
    # Nobody has this lease yet but, for update, somebody who is gone.
    lease = f"default/less-{right.verb}"
    if right.verb == "update":
        await cluster.api.request(
            "POST",
            "/apis/coordination.k8s.io/v1/namespaces/default/leases",
            {
                "apiVersion": "coordination.k8s.io/v1",
                "kind": "Lease",
                "metadata": {"name": "less-update"},
            },
        )
    options = ("--kubeconfig", account, "--nominate", "--nominate-lease", lease)
    with serving(cluster.directory, *options) as extender:
        await until(lambda: str(right) in extender.process.tail(), f"the log names the {right}")
        assert not extender.metric("nominating")
