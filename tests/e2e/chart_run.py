"""
Many pods through the chart's second scheduler, and its leader killed among them.

    python -m tests.e2e.chart_run --pods 300 --fleet FILE

Two replicas run as the rendered chart says. First all pods are created at once and bound. Then the same
again, and the leader, scheduler and extender, is killed when a third of them is bound. Printed are how many
pods were bound and share a PCIe root, how often the predictions were right, and how long the other replica
took. Needs a built control plane and Helm.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.chart.render import template
from tests.e2e import fleet, workload
from tests.e2e.api import Api, connect
from tests.e2e.control_plane import ControlPlane, start
from tests.e2e.extender_server import Extender, until
from tests.e2e.measure import SETTLE_SECONDS, dumped, sharing_a_root
from tests.e2e.releases import DEFAULT_MINOR, RELEASES
from tests.e2e.second_scheduler import (
    NAME,
    NAMESPACE,
    RELEASE,
    installed,
    leader,
    make_namespace,
    reachable_webhook,
    second_scheduler,
    until_routed,
)
from tests.printed import say

PLACE_SECONDS = 900.0
POLL_SECONDS = 0.2


def main(arguments: Sequence[str]) -> int:
    """Run both parts, print what came of them; 1 where a prediction was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.chart_run", description=__doc__)
    parser.add_argument("--minor", default=DEFAULT_MINOR, choices=sorted(RELEASES))
    parser.add_argument("--nodes", type=int, default=500, help="generated nodes")
    parser.add_argument("--fleet", type=Path, help="a dump instead, JSON, gzipped or not")
    parser.add_argument("--pods", type=int, default=300)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as directory, start(options.minor, Path(directory)) as plane:
        return asyncio.run(_run(plane, Path(directory), options))


async def _run(plane: ControlPlane, directory: Path, options: argparse.Namespace) -> int:
    nodes = fleet.generated(options.nodes) if options.fleet is None else dumped(options.fleet)
    documents = template("replicas=2", minor=options.minor, release=RELEASE, namespace=NAMESPACE)
    async with contextlib.AsyncExitStack() as stack:
        api = await stack.enter_async_context(connect(plane))
        await fleet.load(api, nodes)
        await make_namespace(api)
        webhook = reachable_webhook(directory, documents)
        await stack.enter_async_context(installed(api, webhook.documents))
        first, second = [
            await stack.enter_async_context(
                second_scheduler(plane, api, directory, documents, replica, files)
            )
            for replica, files in (("first", webhook.files), ("second", webhook.of_another_replica()))
        ]
        await until_routed(api)
        say(f"Kubernetes {plane.version}, {options.pods} pods at once, {len(nodes)} objects in the fleet")
        names = [f"pair-{number}" for number in range(options.pods)]
        began = time.monotonic()
        await workload.create_pairs(api, options.pods)
        await workload.wait_bound(api, names, PLACE_SECONDS)
        say(f"bound after {time.monotonic() - began:.1f} s")
        await _report(api, first.extender, names)
        await workload.clear(api, 300)

        holder = await leader(api)
        compared, right = second.extender.matches(), second.extender.matches(result="match")
        await workload.create_pairs(api, options.pods)
        while (bound := await _bound(api)) < options.pods // 3:  # noqa: ASYNC110 - a scheduler makes it true
            await asyncio.sleep(POLL_SECONDS)
        first.kill()
        killed = time.monotonic()
        say(f"leader killed with {bound} of {options.pods} pods bound")
        await until(lambda: second.extender.matches(result="match") > right, "predicted right again")
        say(f"the first right prediction of the other replica after {time.monotonic() - killed:.1f} s")
        await workload.wait_bound(api, names, PLACE_SECONDS)
        say(f"all bound after {time.monotonic() - killed:.1f} s, by {await leader(api)}, before {holder}")
        await until(lambda: second.extender.matches() == compared + options.pods, "compared")
        await _report(api, second.extender, names)
        return int(second.extender.matches(result="wrong") > 0)


async def _bound(api: Api) -> int:
    return sum(bool(pod["spec"].get("nodeName")) for pod in await api.list_all("Pod", workload.NAMESPACE))


async def _report(api: Api, extender: Extender, names: Sequence[str]) -> None:
    """How near the devices of all pods are, and the predictions of a replica since it began."""
    await asyncio.sleep(SETTLE_SECONDS)
    foreign = [
        pod["metadata"]["name"]
        for pod in await api.list_all("Pod", workload.NAMESPACE)
        if pod["spec"]["schedulerName"] != NAME
    ]
    results = Counter(
        {labels["result"]: int(count) for labels, count in extender.samples("prediction_matches_total")}
    )
    said = ", ".join(f"{count} {result}" for result, count in results.most_common() if count)
    say(f"one root: {await sharing_a_root(api, names)} of {len(names)}; not routed: {len(foreign)}")
    say(f"predictions: {said}; in flight: {int(extender.metric('in_flight_claims'))}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
