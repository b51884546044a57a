"""
Fill a fleet in waves of pods on a real control plane, in several ways, and judge what the pods got.

    python -m tests.e2e.waves --fleet FILE --pods 300 --waves 4

Each way starts on the empty cluster: the stock scheduler or ours, without facts of machines, with those that
are built in or with those of all types, and with claims as they are written or rewritten for soft alignment.
Prints a row of a table for each way: the GPU-NIC pairs as the machines are documented and as drivers publish,
the pods whose pairs are all near, pods per second, and the scheduler's processor time for each, which tells
more where the machine has other work. Below stands the most that could be reached.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from extender.cli.bench.documents import documented_facts
from tests.e2e import fleet, workload
from tests.e2e.admission import claim, request
from tests.e2e.api import Api, Object, connect, each
from tests.e2e.control_plane import ControlPlane, start
from tests.e2e.documented import Judged, judged, most_by_first_fit, most_sharing_a_root
from tests.e2e.filling_ways import USUAL, WAYS, Way, running
from tests.e2e.measure import current_snapshot, dumped
from tests.e2e.releases import DEFAULT_MINOR, RELEASES
from tests.e2e.rewriting import ASKING, pair_spec
from tests.e2e.ways import configured, matches
from tests.e2e.workload import GPU_CLASS, NIC_CLASS
from tests.printed import say, table_row
from tests.processor_time import processor_seconds
from tests.waves.judgement import told
from tests.waves.workload import MIXED, Ask, draw

WAVE_SECONDS = 1800.0
SETTLED_SECONDS = 60.0
"""Where no pod was bound for so long, refused pods find no node: the scheduler tries each again sooner."""
PAIR = Ask(1, 1)


class _Filled(NamedTuple):
    """What came of a way: pods, seconds until they were bound, and processor time of the scheduler."""

    way: str
    bound: int
    seconds: float
    cpu: float
    predictions: str
    judged: Judged


def main(arguments: Sequence[str]) -> int:
    """Run every way in turn and print a table."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.waves", description=__doc__)
    parser.add_argument("--minor", default=DEFAULT_MINOR, choices=sorted(RELEASES))
    parser.add_argument("--nodes", type=int, default=500, help="generated nodes")
    parser.add_argument("--fleet", type=Path, help="a dump instead, JSON, gzipped or not")
    parser.add_argument("--pods", type=int, default=300, help="in each wave")
    parser.add_argument("--waves", type=int, default=4)
    parser.add_argument("--mix", choices=("pairs", "mixed"), default="pairs", help="what the pods ask for")
    parser.add_argument("--seed", type=int, default=1, help="of the mixed pods")
    parser.add_argument("--gpu-class", default=GPU_CLASS, help="DeviceClass of the GPUs that pods ask for")
    parser.add_argument("--way", action="append", choices=[way.name for way in WAYS], help="only these")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as directory, start(options.minor, Path(directory)) as plane:
        asyncio.run(_measure(plane, options))
    return 0


async def _measure(plane: ControlPlane, options: argparse.Namespace) -> None:
    count = options.pods * options.waves
    asks = draw(MIXED, count, options.seed) if options.mix == "mixed" else [PAIR] * count
    documents = fleet.generated(options.nodes) if options.fleet is None else dumped(options.fleet)
    ways = [way for way in WAYS if way.name in options.way] if options.way else WAYS[:USUAL]
    async with connect(plane) as api:
        await fleet.load(api, documents)
        say(f"Kubernetes {plane.version}, {options.waves} waves of {options.pods} pods, {options.mix}")
        table_row(*_HEADS)
        table_row(*["---"] * len(_HEADS))
        for way in ways:
            _row(await _fill(plane, api, way, asks, options))
        empty = await current_snapshot(api, plane)
    first_fit = most_by_first_fit(empty, [(ask.gpus, ask.nics) for ask in asks])
    most = f"{first_fit.aligned} pods with near pairs"
    if options.mix == "pairs":
        most += f", {first_fit.on_root} on one documented root"
    say(f"\nat most, with claims as written: {most}")
    if options.mix == "pairs":
        pair = pair_spec(options.gpu_class)
        documented = most_sharing_a_root(told(empty, documented_facts()), pair)
        published = most_sharing_a_root(empty, pair)
        say(f"at most, of any devices: {documented} on one documented root, {published} on a published one")


async def _fill(
    plane: ControlPlane, api: Api, way: Way, asks: Sequence[Ask], options: argparse.Namespace
) -> _Filled:
    """All waves, each when the one before has settled; the cluster is empty again afterwards."""
    pods = [(f"pod-{number}", ask) for number, ask in enumerate(asks)]
    create = partial(_create, api, options.gpu_class, ASKING if way.rewriting else {})
    spent = used = 0.0
    bound = 0
    async with running(plane, api, way, options.gpu_class) as extender:
        config = configured(plane, way, extender.url if extender is not None else "")
        with plane.scheduler(config) as scheduler:
            for first in range(0, len(pods), options.pods):
                began, used_before = time.monotonic(), processor_seconds(scheduler.pid)
                await each(create, pods[first : first + options.pods])
                before, (at, bound) = bound, await _settled(api, min(first + options.pods, len(pods)))
                seconds, cpu = at - began, processor_seconds(scheduler.pid) - used_before
                spent, used = spent + seconds, used + cpu
                number, new = first // options.pods + 1, bound - before
                _progress(
                    f"{way.name}, wave {number}: {new} bound, {new / seconds:.1f} pods/s, "
                    f"{1000 * cpu / max(new, 1):.0f} ms of the scheduler for each"
                )
        placed = await workload.bound(api, [name for name, _ in pods])
        found = judged(await current_snapshot(api, plane), await workload.allocations(api, placed))
        predicted = matches(extender) if extender is not None and way.serves else Counter[str]()
    await workload.clear(api, WAVE_SECONDS)
    predictions = ", ".join(f"{count} {name}" for name, count in predicted.most_common())
    return _Filled(way.name, bound, spent, used, predictions, found)


async def _create(api: Api, gpu_class: str, annotations: Mapping[str, str], pod: tuple[str, Ask]) -> None:
    name, ask = pod
    wanted = ((gpu_class, "gpu", ask.gpus), (NIC_CLASS, "nic", ask.nics))
    requests = [request(of, device_class, count=count) for device_class, of, count in wanted if count]
    claims = [[each] for each in requests] if ask.claims == 2 else [requests]
    for number, group in enumerate(claims):
        await api.create(claim(f"{name}-{number}", *group, annotations=annotations))
    await workload.create_pod(api, name, _SHAPES[len(claims)])


_SHAPES = {1: workload.Ask.ONE_CLAIM, 2: workload.Ask.TWO_CLAIMS}


async def _settled(api: Api, wanted: int) -> tuple[float, int]:
    """When the last pod was bound, and how many are, once all are or the others find no node."""
    deadline = time.monotonic() + WAVE_SECONDS
    at, bound = time.monotonic(), 0
    while True:
        pods = await api.list_all("Pod", workload.NAMESPACE)
        waiting = [pod for pod in pods if not pod["spec"].get("nodeName")]
        if len(pods) - len(waiting) > bound:
            at, bound = time.monotonic(), len(pods) - len(waiting)
        stuck = time.monotonic() > at + SETTLED_SECONDS and all(map(_refused, waiting))
        if bound == wanted or stuck or time.monotonic() > deadline:
            return at, bound
        # The machine is small: looking all the time would be most of what is measured.
        await asyncio.sleep(1)


def _refused(pod: Object) -> bool:
    conditions = pod.get("status", {}).get("conditions") or ()
    return any(each["type"] == "PodScheduled" and each["status"] == "False" for each in conditions)


_PAIRS = ("one root", "one NUMA node", "farther", "unknown")
_HEADS = (
    "nodes chosen by",
    "bound",
    "near pairs",
    *(f"{judge}: {words}" for judge in ("documented", "published") for words in _PAIRS),
    "mean documented alignment",
    "pods/s",
    "scheduler's CPU per pod",
    "predictions",
)


def _row(filled: _Filled) -> None:
    table_row(
        filled.way,
        filled.bound,
        filled.judged.aligned,
        *filled.judged.documented,
        *filled.judged.published,
        f"{filled.judged.mean:.3f} of {filled.judged.rated}",
        f"{filled.bound / filled.seconds:.1f}",
        f"{1000 * filled.cpu / max(filled.bound, 1):.0f} ms",
        filled.predictions or "-",
    )


def _progress(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
