"""/route: pods that claim devices and name no scheduler get ours; all others are let in as they are."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from extender.core.cluster.snapshot import Snapshot
from extender.core.releases.history import release_for
from extender.model import DeviceClass
from extender.service.config import Config
from extender.service.config_error import ConfigError
from extender.service.http.web import make_app
from extender.service.listeners import ListenOptions, listeners_of
from extender.service.routing import RouteResult
from extender.service.store import FrozenStore
from tests.service.http.reviews import patched, review

SECOND = "second-scheduler"
CLAIMS = [{"name": "devices", "resourceClaimName": "c"}]


@pytest.fixture
def routing(world, service):
    """A service that routes; a class of the cluster backs example.com/gpu."""
    backing = DeviceClass("backing", extended_resource_name="example.com/gpu")
    snapshot = Snapshot.of(
        release=release_for("1.36.2"), **{**world, "classes": [*world["classes"], backing]}
    )
    return replace(service, store=FrozenStore(snapshot), route_to=SECOND)


@pytest.fixture
async def send(routing, connect):
    """Sends a Pod as the API server does; returns it as it was stored."""

    async def post(document, service=routing, **fields):
        client = await connect(make_app(service))
        request = review(document, **{"kind": {"group": "", "version": "v1", "kind": "Pod"}, **fields})
        response = await client.post("/route", data=orjson.dumps(request), headers=JSON)
        assert response.status == 200
        answer = (await response.json())["response"]
        assert (answer["uid"], answer["allowed"]) == ("r-1", True)
        return patched(document, answer)

    return post


JSON = {"Content-Type": "application/json"}


def pod(scheduler="default-scheduler", claims=CLAIMS, requests=None, init=None):
    """A Pod as admission sees it, with defaults filled in."""
    spec = {"containers": [{"name": "main", "resources": {"requests": requests or {}}}]}
    if scheduler is not None:
        spec["schedulerName"] = scheduler
    if claims is not None:
        spec["resourceClaims"] = claims
    if init is not None:
        spec["initContainers"] = [{"name": "init", "resources": {"requests": init}}]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "job-"}, "spec": spec}


@pytest.mark.parametrize("scheduler", ["default-scheduler", "", None])
async def test_a_pod_with_claims_that_names_no_scheduler_is_routed(send, metric, scheduler):
    """The default one counts as none, as the API server fills it in; nothing else is changed."""
    document = pod(scheduler)
    stored = await send(document)
    assert stored["spec"].pop("schedulerName") == SECOND
    document["spec"].pop("schedulerName", None)
    assert stored == document
    assert metric("routed_pods_total", result="routed") == 1


@pytest.mark.parametrize(
    ("document", "result"),
    [
        (pod("volcano"), RouteResult.OTHER_SCHEDULER),
        (pod(SECOND), RouteResult.OTHER_SCHEDULER),
        (pod(claims=None), RouteResult.NO_DEVICES),
        (pod(claims=[]), RouteResult.NO_DEVICES),
        (pod(claims=None, requests={"cpu": "1", "example.com/fpga": "1"}), RouteResult.NO_DEVICES),
        ({**pod(), "spec": None}, RouteResult.UNREADABLE),
        ({**pod(), "spec": {"schedulerName": 7, "resourceClaims": CLAIMS}}, RouteResult.UNREADABLE),
        ({**pod(), "spec": {"resourceClaims": "all"}}, RouteResult.UNREADABLE),
    ],
)
async def test_other_pods_stay_as_they_are(send, metric, document, result):
    """Each is counted with the reason."""
    assert await send(document) == document
    assert metric("routed_pods_total", result=result) == 1
    assert metric("routed_pods_total", result="routed") == 0


@pytest.mark.parametrize("resource", ["example.com/gpu", "deviceclass.resource.kubernetes.io/gpu"])
@pytest.mark.parametrize("where", ["requests", "init"])
async def test_an_extended_resource_of_a_device_class_is_a_claim(send, resource, where):
    """Of a container or an init container; the scheduler makes a claim of it."""
    stored = await send(pod(claims=None, **{where: {resource: "1"}}))
    assert stored["spec"]["schedulerName"] == SECOND


@pytest.mark.parametrize(
    "fields",
    [
        {"operation": "UPDATE"},
        {"kind": {"group": "apps", "version": "v1", "kind": "Deployment"}},
        {"kind": {"group": "example.com", "version": "v1", "kind": "Pod"}},
    ],
)
async def test_only_new_pods_are_looked_at(send, metric, fields):
    """The scheduler of a pod cannot be changed, and a webhook may be configured too widely."""
    assert await send(pod(), **fields) == pod()
    assert metric("routed_pods_total", result="not-asked") == 1


async def test_without_the_option_nothing_is_routed(send, metric, routing):
    """A webhook that leads here all the same keeps no pod from running."""
    assert await send(pod(), service=replace(routing, route_to="")) == pod()
    assert metric("routed_pods_total", result="not-asked") == 1


async def test_an_error_of_ours_lets_the_pod_in(send, metric, routing):
    """It is counted, and the pod stays as it is."""
    asking = pod(claims=None, requests={"example.com/gpu": "1"})
    assert await send(asking, service=replace(routing, store=None)) == asking
    assert metric("routed_pods_total", result="internal-error") == 1
    assert metric("internal_errors_total", verb="route") == 1


def test_the_option_needs_the_webhook():
    """Else pods would be expected to be routed, and nobody could ask."""
    with pytest.raises(ConfigError, match="--webhook-listen"):
        Config(listeners=listeners_of(ListenOptions(verbs_listen="127.0.0.1:0")), route_to=SECOND)
