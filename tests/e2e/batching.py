"""
What any extender costs pods that it has nothing to do with: kube-scheduler's opportunistic batching.

    python -m tests.e2e.batching --minor 1.36

Batching serves pods of one kind that fill a node each: the list of nodes for the first one serves the next.
It is on by default from 1.35 on, off as soon as an extender is configured, and does nothing while
PodTopologySpread has constraints for pods without any, as it has by default. All pods are there before the
scheduler starts. Prints pods per second, how often batching gave the node, and the time and the scheduler's
processor time for each pod, without an extender and with one: asked about every pod, and about none since
``managedResources`` names a resource that no pod asks for.
"""

from __future__ import annotations

import argparse
import asyncio
import ssl
import sys
import tempfile
import time
import urllib.request
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e import fleet, workload
from tests.e2e.api import Api, connect, each
from tests.e2e.control_plane import ControlPlane, start
from tests.e2e.process import free_port
from tests.e2e.releases import DEFAULT_MINOR, RELEASES
from tests.e2e.ways import Way, configured, served
from tests.printed import say
from tests.processor_time import processor_seconds

GATE = "OpportunisticBatching"
BIND_SECONDS = 600.0
METRICS = "--authorization-always-allow-paths=/readyz,/metrics"
NO_SPREADING = {
    "name": "PodTopologySpread",
    "args": {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "PodTopologySpreadArgs",
        "defaultingType": "List",
        "defaultConstraints": [],
    },
}
NOT_ASKED = (("managedResources", [{"name": "example.com/nobody-asks"}]),)
_UNCHECKED = ssl._create_unverified_context()


@dataclass(frozen=True)
class Row:
    """
    A scheduler: with an extender of the ``way`` and further ``fields``, its own ``flags``, and the default
    constraints of PodTopologySpread or, if not ``spreading``, none.
    """

    words: str
    way: Way
    fields: tuple[tuple[str, Any], ...] = ()
    flags: tuple[str, ...] = ()
    spreading: bool = False


STOCK, OURS = Way("stock"), Way("ours", 20)
ROWS = (
    Row("no extender", STOCK),
    Row("no extender, batching off", STOCK, flags=(f"--feature-gates={GATE}=false",)),
    Row("extender, asked about no pod", OURS, NOT_ASKED),
    Row("extender, asked about every pod", OURS),
    Row("no extender, as by default", STOCK, spreading=True),
    Row("extender, as by default", OURS, spreading=True),
)


@dataclass(frozen=True)
class Cost:
    """
    ``hints``: pods whose node came from batching. ``algorithm``: seconds until a node was chosen, and
    ``processor``: of the scheduler, both for one pod.
    """

    rate: float
    hints: int
    algorithm: float
    processor: float


def main(arguments: Sequence[str]) -> int:
    """Measure each kind of scheduler and print a table."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.batching", description=__doc__)
    parser.add_argument("--minor", default=DEFAULT_MINOR, choices=sorted(set(RELEASES) - {"1.34"}))
    parser.add_argument("--nodes", type=int, default=500, help="and as many pods")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as directory, start(options.minor, Path(directory)) as plane:
        asyncio.run(_measure(plane, options.nodes, options.repeats))
    return 0


async def _measure(plane: ControlPlane, nodes: int, repeats: int) -> None:
    async with connect(plane) as api:
        documents = [found for found in fleet.generated(nodes) if found["kind"] == "Node"]
        await fleet.load(api, documents)
        cpu = documents[0]["status"]["allocatable"]["cpu"]
        say(f"Kubernetes {plane.version}, {nodes} pods that fill a node each")
        say(f"{'':32} pods/s  ÷ first  by batching  ms to choose  ms of the processor")
        for _ in range(repeats):
            first = 0.0
            for row in ROWS:
                cost = await _cost(plane, api, row, nodes, cpu)
                first = first or cost.rate
                say(
                    f"{row.words:32} {cost.rate:6.1f}  {cost.rate / first:7.2f}  {cost.hints:11}  "
                    f"{1000 * cost.algorithm:12.2f}  {1000 * cost.processor:19.1f}"
                )
                await workload.clear(api, 300)


async def _cost(plane: ControlPlane, api: Api, row: Row, pods: int, cpu: str) -> Cost:
    names = [f"whole-{number}" for number in range(pods)]
    await each(lambda name: api.create(workload.pod_without_devices(name, cpu)), names)
    port = free_port()
    async with served(plane, row.way) as extender:
        config = configured(plane, row.way, extender.url if extender is not None else "", **dict(row.fields))
        if not row.spreading:
            document = yaml.safe_load(config.read_text())
            profile = {"schedulerName": "default-scheduler", "pluginConfig": [NO_SPREADING]}
            config.write_text(yaml.safe_dump({**document, "profiles": [profile]}))
        with plane.scheduler(config, METRICS, *row.flags, port=port) as scheduler:
            began, early = time.monotonic(), len(await workload.bound(api, names))
            used = processor_seconds(scheduler.pid)
            await workload.wait_bound(api, names, BIND_SECONDS)
            seconds = time.monotonic() - began
            used = processor_seconds(scheduler.pid) - used
            found = await asyncio.to_thread(_metrics, port)
    chosen = found["scheduler_scheduling_algorithm_duration_seconds_count"]
    return Cost(
        (pods - early) / seconds,
        int(found["scheduler_batch_attempts_total/hint_used"]),
        found["scheduler_scheduling_algorithm_duration_seconds_sum"] / chosen,
        used / (pods - early),
    )


def _metrics(port: int) -> Mapping[str, float]:
    """What the scheduler counts: the sum of each sample, by its name and by its name and ``result``."""
    with urllib.request.urlopen(
        f"https://127.0.0.1:{port}/metrics", timeout=30, context=_UNCHECKED
    ) as answer:
        text = answer.read().decode()
    found: defaultdict[str, float] = defaultdict(float)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name] += sample.value
            found[f"{sample.name}/{sample.labels.get('result', '')}"] += sample.value
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
