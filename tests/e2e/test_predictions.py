"""What is predicted from the live API is what the real scheduler then allocates."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from extender.cli.cluster_input import release_of, snapshot_of
from extender.cli.replay.agreement import Agreement, compare
from extender.core.prediction.evaluate import Certainty, Memo, Settings, evaluate
from extender.kube import decode
from extender.kube.api.listing import read_live
from extender.kube.recording.reader import Attempt, RecordedOutcome
from tests.e2e import scheduler_config, workload
from tests.e2e.releases import served
from tests.e2e.workload import Ask

pytestmark = pytest.mark.e2e

PODS = 16
INTERNER = decode.Interner()


def encoded(document):
    return json.dumps(document).encode()


async def attempt_of(api, name, node):
    """The attempt that bound a pod, as a recording tells it."""
    claims = [
        decode.resource_claim(encoded(claim), INTERNER)
        for claim in (await workload.claims_of(api, [name]))[name]
    ]
    return Attempt(
        line=1,
        pod_name=name,
        pod=decode.pod(encoded(await api.get("Pod", name)), INTERNER),
        claims=tuple(replace(claim, allocation=None, reserved_for=()) for claim in claims),
        requests=(),
        outcome=RecordedOutcome(node, None, tuple((claim.name, claim.allocation) for claim in claims)),
    )


@pytest.mark.parametrize("template", [False, True], ids=["claims", "templates"])
@pytest.mark.parametrize("ask", list(Ask), ids=lambda ask: ask.name.lower())
async def test_exact_predictions_come_true(cluster, ask, template):
    """
    The stock scheduler places pods one at a time; before each, the cluster is read through its API.

    On the node where the pod lands, the prediction names the devices that its claims got, in order.
    """
    memo = Memo(lambda names, score: [score] * len(names))
    exact = 0
    with cluster.plane.scheduler(scheduler_config.stock(cluster.plane)):
        for name in (f"pair-{number}" for number in range(PODS)):
            before = await asyncio.to_thread(read_live, kubeconfig=str(cluster.plane.kubeconfig))
            assert before.kubernetes == served(cluster.plane.minor)
            await workload.create_pair(cluster.api, name, ask, template=template)
            node = (await workload.wait_bound(cluster.api, [name]))[name]
            attempt = await attempt_of(cluster.api, name, node)
            release, _ = release_of(cluster.plane.version, before.kubernetes)
            snapshot = snapshot_of(before, release).with_claims(attempt.claims)
            evaluation = evaluate(snapshot, attempt.pod, memo, Settings())
            compared = compare(attempt, evaluation.verdicts([node]), [])
            assert compared.agreement is not Agreement.WRONG, compared.remarks
            exact += compared.agreement is Agreement.RIGHT and compared.certainty is Certainty.EXACT
    assert exact == PODS
