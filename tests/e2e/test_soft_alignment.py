"""Claims that ask are rewritten on their way in, by our webhook or by a policy, and pods run as before."""

from __future__ import annotations

import asyncio
import json

import pytest

from extender.core.soft_alignment.soften import Rewrite, soften
from extender.kube.rewriting.admission_policy import admission_policies
from extender.kube.rewriting.rewrite_claim import rewrite_claim
from extender.service.softening import RESULT_ANNOTATION
from tests.e2e import scheduler_config, workload
from tests.e2e.admission import admitting, claim, is_soft, request, webhook
from tests.e2e.extender_server import ready, until
from tests.e2e.measure import current_snapshot, sharing_a_root
from tests.e2e.releases import MINOR
from tests.e2e.rewriting import ASKING, pair_spec
from tests.e2e.workload import GPU_CLASS, NAMESPACE, NIC_CLASS

pytestmark = pytest.mark.e2e

PAIR = (request("gpu", GPU_CLASS), request("nic", NIC_CLASS))
PROBE = claim("probe", *PAIR, annotations=ASKING)
PODS = 24


async def rewrite_for(cluster) -> Rewrite:
    """What suits the fleet."""
    rewrite = soften(pair_spec(GPU_CLASS), await current_snapshot(cluster.api, cluster.plane))
    assert isinstance(rewrite, Rewrite)
    return rewrite


@pytest.fixture(params=["webhook", "policy"])
async def softening(request, cluster):
    """Either way of rewriting, in force."""
    if request.param == "webhook":
        with webhook(cluster.plane) as (extender, configuration):
            await until(lambda: ready(extender), "the extender follows the cluster")
            async with admitting(cluster.api, [configuration], PROBE):
                yield request.param
    else:
        rewrite = await rewrite_for(cluster)
        classes = {"gpu": GPU_CLASS, "nic": NIC_CLASS}
        order = (classes[rewrite.order[0]], classes[rewrite.order[1]])
        version = "v1" if cluster.plane.minor >= "1.36" else "v1beta1"
        if version != "v1":
            pytest.skip("the API of policies is off by default before 1.36")
        async with admitting(cluster.api, admission_policies(rewrite, order, version), PROBE):
            yield request.param


async def place(cluster, prefix, *, template=False, annotations=None):
    """Bind pods with a GPU and a NIC each; how many share a root."""
    config = scheduler_config.stock(cluster.plane)
    with cluster.plane.scheduler(config):
        names = await workload.create_pairs(
            cluster.api, PODS, prefix=prefix, template=template, annotations=annotations
        )
        await workload.wait_bound(cluster.api, names)
    return await sharing_a_root(cluster.api, names)


async def test_pods_that_ask_get_aligned_devices(cluster, softening):
    """All run, with claims or templates; more share a root than as the claims are written."""
    plain = await place(cluster, "plain")
    assert not any(map(is_soft, await cluster.api.list_all("ResourceClaim", NAMESPACE)))
    await workload.clear(cluster.api)
    aligned = await place(cluster, "soft", annotations=ASKING)
    claims = await cluster.api.list_all("ResourceClaim", NAMESPACE)
    assert all(map(is_soft, claims))
    named = [
        result["request"] for each in claims for result in each["status"]["allocation"]["devices"]["results"]
    ]
    assert {name.partition("/")[0] for name in named} == {"gpu", "nic"}
    await workload.clear(cluster.api)
    from_templates = await place(cluster, "made", template=True, annotations=ASKING)
    if MINOR == "1.34":
        # Its scheduler looks at no alternative when it prefers a node.
        assert min(aligned, from_templates) > plain
    else:
        assert aligned == from_templates == PODS > plain


@pytest.mark.parametrize("kind", ["ResourceClaim", "ResourceClaimTemplate"])
@pytest.mark.parametrize("order", [1, -1], ids=["gpu-first", "nic-first"])
async def test_both_ways_do_what_rewrite_claim_does(cluster, softening, kind, order):
    """Whatever the order of the requests, with all that they say; a second time changes nothing."""
    gpu = request("gpu", GPU_CLASS, tolerations=[{"key": "k", "operator": "Exists"}])
    written = claim("written", *(gpu, PAIR[1])[::order], annotations=ASKING)
    written["spec"]["devices"]["config"] = [
        {"requests": ["gpu"], "opaque": {"driver": "gpu.nvidia.com", "parameters": {"sharing": 2**53}}}
    ]
    if kind != "ResourceClaim":
        written |= {"kind": kind, "spec": {"spec": written["spec"]}}
    plain = {**written, "metadata": {**written["metadata"], "annotations": {}}}
    defaulted = await cluster.api.create(plain, dryRun="All")
    stored = await cluster.api.create(written)
    rewrite = await rewrite_for(cluster)
    expected = rewrite_claim({**defaulted, "kind": kind}, rewrite)
    if order == 1 or softening == "policy":
        assert stored["spec"] == expected["spec"]
    else:
        assert is_soft(stored)
    stored["metadata"] = {**written["metadata"], "name": "again", "annotations": ASKING}
    again = await cluster.api.create({**stored, "kind": kind})
    assert again["spec"] == stored["spec"]


async def test_containers_that_take_single_requests(cluster, softening):
    """The requests keep their names, so that a container's ``request: gpu`` still means the GPU."""
    await workload.create_claims(cluster.api, "split", annotations=ASKING)
    pod = workload.pod("split", workload.Ask.ONE_CLAIM)
    (container,) = pod["spec"]["containers"]
    pod["spec"]["containers"] = [
        {**container, "name": name, "resources": {"claims": [{"name": "claim-0", "request": name}]}}
        for name in ("gpu", "nic")
    ]
    await cluster.api.create(pod)
    with cluster.plane.scheduler(scheduler_config.stock(cluster.plane)):
        await workload.wait_bound(cluster.api, ["split"])
    (claims,) = (await workload.claims_of(cluster.api, ["split"])).values()
    assert is_soft(claims[0])


async def test_what_cannot_be_rewritten_says_why(cluster):
    """In an annotation of the claim, and in an Event that people find."""
    with webhook(cluster.plane) as (extender, configuration):
        await until(lambda: ready(extender), "the extender follows the cluster")
        async with admitting(cluster.api, [configuration], PROBE):
            written = claim("alone", PAIR[0], annotations=ASKING)
            stored = await cluster.api.create(written)
            assert not is_soft(stored)
            said = stored["metadata"]["annotations"][RESULT_ANNOTATION]
            assert said.startswith("not-two-kinds: ")
            assert await event_notes(cluster.api) == [said]
            assert extender.metric("soft_alignment_total", result="not-two-kinds") == 1


async def event_notes(api):
    """The notes of our Events, once there is one."""
    for _ in range(100):
        answer = await api.request("GET", f"/apis/events.k8s.io/v1/namespaces/{NAMESPACE}/events")
        notes = [each["note"] for each in answer["items"] if each["reason"] == "NotSoftlyAligned"]
        if notes:
            return notes
        await asyncio.sleep(0.1)
    return []


async def test_a_pod_asks_for_all_its_claims_from_templates(cluster):
    """By its own annotation; the templates say nothing."""
    with webhook(cluster.plane) as (extender, configuration):
        await until(lambda: ready(extender), "the extender follows the cluster")
        async with admitting(cluster.api, [configuration], PROBE):
            names = [f"asks-{number}" for number in range(8)]
            for name in names:
                await workload.create_claims(cluster.api, name, template=True)
                pod = workload.pod(name, workload.Ask.ONE_CLAIM, template=True)
                pod["metadata"]["annotations"] = ASKING
                await cluster.api.create(pod)
            with cluster.plane.scheduler(scheduler_config.stock(cluster.plane)):
                await workload.wait_bound(cluster.api, names)
    claims = await cluster.api.list_all("ResourceClaim", NAMESPACE)
    assert len(claims) == len(names)
    assert all(map(is_soft, claims)), json.dumps(claims[0]["metadata"])


async def test_without_the_webhook_pods_are_created(cluster):
    """Its server is gone, its configuration is not: claims stay as they are written, and pods run."""
    with webhook(cluster.plane) as (extender, configuration):
        await until(lambda: ready(extender), "the extender follows the cluster")
        async with admitting(cluster.api, [configuration], PROBE):
            extender.process.kill()
            await place(cluster, "alone", annotations=ASKING)
            claims = await cluster.api.list_all("ResourceClaim", NAMESPACE)
    assert not any(map(is_soft, claims))
