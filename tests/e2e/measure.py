"""
Measure placements on a real control plane: the stock scheduler beside ours.

    python -m tests.e2e.measure --minor 1.36 --nodes 500 --pods 300

Creates all pods at once, once without an extender and once for each way of running it, and prints what
became of them: how many share a PCIe root, how often the prediction was right, pods per second. ``--fleet
FILE`` takes the nodes, classes and slices of a dump instead of generated ones.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gzip
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from extender.cli.cluster_input import cluster_input, read_cluster
from extender.core.evaluate import Memo, Settings, Snapshot, evaluate
from extender.core.places import Distance
from tests.e2e import fleet, scheduler_config, workload
from tests.e2e.api import Api, connect
from tests.e2e.control_plane import ControlPlane, start
from tests.e2e.extender_server import Extender, dump, serving
from tests.e2e.releases import DEFAULT_MINOR, RELEASES
from tests.e2e.workload import Ask

SAMPLE = scheduler_config.FOLDER / "score-alignment-first.yaml"
ROOTS = ("resource.kubernetes.io/pcieRoot", "dra.net/pcieRoot")


@dataclass(frozen=True)
class Way:
    """How to schedule: ``weight`` of the extender (0: none) and options of ``serve``."""

    name: str
    weight: int = 0
    options: tuple[str, ...] = ()


WAYS = (
    Way("stock"),
    Way("decisive, weight 150", 150, ("--decisive",)),
    Way("default, weight 20", 20),
    Way("default, weight 2", 2),
)


@dataclass(frozen=True)
class Result:
    """``by_attribute``: pods whose GPU and NIC publish one root; ``near``: those that do by our measure."""

    way: Way
    bound: int
    seconds: float
    by_attribute: int
    near: int
    matches: Counter[str]


def main(arguments: Sequence[str]) -> int:
    """Run every way in turn and print a table."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.measure", description=__doc__)
    parser.add_argument("--minor", default=DEFAULT_MINOR, choices=sorted(RELEASES))
    parser.add_argument("--nodes", type=int, default=500, help="generated nodes")
    parser.add_argument("--fleet", type=Path, help="a dump instead, JSON, gzipped or not")
    parser.add_argument("--pods", type=int, default=300)
    parser.add_argument("--ask", default="ONE_CLAIM", choices=[ask.name for ask in Ask])
    parser.add_argument("--way", action="append", choices=[way.name for way in WAYS], help="only these")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as directory, start(options.minor, Path(directory)) as plane:
        asyncio.run(_measure(plane, options))
    return 0


async def _measure(plane: ControlPlane, options: argparse.Namespace) -> None:
    documents = fleet.generated(options.nodes) if options.fleet is None else dumped(options.fleet)
    async with connect(plane) as api:
        await fleet.load(api, documents)
        _say(f"Kubernetes {plane.version}, {options.pods} pods, {options.ask}")
        _say(f"{'':22} bound  one root (attribute)  one root (ours)  pods/s  predictions")
        for way in WAYS:
            if options.way and way.name not in options.way:
                continue
            result = await _place(plane, api, way, options.pods, Ask[options.ask])
            said = ", ".join(f"{count} {name}" for name, count in result.matches.most_common())
            _say(
                f"{way.name:22} {result.bound:5}  {result.by_attribute:20}  {result.near:15}  "
                f"{result.bound / result.seconds:6.1f}  {said}"
            )
            await workload.clear(api, 120)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def _place(plane: ControlPlane, api: Api, way: Way, pods: int, ask: Ask) -> Result:
    with contextlib.ExitStack() as stack:
        extender: Extender | None = None
        config = scheduler_config.stock(plane)
        if way.weight:
            options: tuple[str | Path, ...] = ("--kubeconfig", plane.kubeconfig, *way.options)
            extender = stack.enter_context(serving(plane.directory, *options))
            config = scheduler_config.sample(plane, SAMPLE, extender.url)
            document = yaml.safe_load(config.read_text())
            document["extenders"][0]["weight"] = way.weight
            document["clientConnection"] |= {"qps": 5000, "burst": 5000}
            config.write_text(yaml.safe_dump(document))
        stack.enter_context(plane.scheduler(config))
        began = time.monotonic()
        names = await workload.create_pairs(api, pods, ask)
        await workload.wait_bound(api, names, 300)
        seconds = time.monotonic() - began
        await asyncio.sleep(3)  # in which comparisons that nothing explains are counted
        matches = Counter(dict(_matches(extender))) if extender is not None else Counter[str]()
    by_attribute, near = await _aligned(api, plane, names)
    return Result(way, len(names), seconds, by_attribute, near, matches)


def _matches(extender: Extender) -> Iterator[tuple[str, int]]:
    for result in ("match", "in-flight", "stale", "order-dependent", "unknown", "unseen", "wrong"):
        count = int(extender.metric("prediction_matches_total", result=result))
        if count:
            yield result, count


async def _aligned(api: Api, plane: ControlPlane, names: Sequence[str]) -> tuple[int, int]:
    return await sharing_a_root(api, names), await _near(api, plane, names)


async def sharing_a_root(api: Api, names: Sequence[str]) -> int:
    """Pods whose GPU and NIC publish one root."""
    roots = {}
    for slice_ in await api.list_all("ResourceSlice"):
        spec = slice_["spec"]
        for device in spec.get("devices") or ():
            identity = f"{spec['driver']}/{spec['pool']['name']}/{device['name']}"
            found = [device.get("attributes", {}).get(name, {}).get("string") for name in ROOTS]
            roots[identity] = next((root for root in found if root), None)
    by_attribute = 0
    for devices in (await workload.allocations(api, names)).values():
        mine = [roots[device] for device in devices if "cpu" not in device.partition("/")[0]]
        by_attribute += None not in mine and len(set(mine)) == 1
    return by_attribute


async def _near(api: Api, plane: ControlPlane, names: Sequence[str]) -> int:
    """Pods whose GPU and NIC share a root as ``explain`` says."""
    snapshot = await _snapshot(api, plane)
    memo: Memo[bytes] = Memo(lambda _name, _score: b"", capacity=1)
    near = 0
    for name in names:
        pod = snapshot.pods["default", name]
        verdict = evaluate(snapshot, pod, memo, Settings()).verdicts([pod.node_name])[pod.node_name]
        pairs = verdict.alignment.pairs if verdict.alignment is not None else ()
        near += any(
            pair.kinds == "gpu-nic" and pair.distance in (Distance.PCIE_ROOT, Distance.DEVICE)
            for pair in pairs
        )
    return near


async def _snapshot(api: Api, plane: ControlPlane) -> Snapshot:
    path = await dump(api, plane.directory / "placed.json")
    return cluster_input(read_cluster([str(path)]), None).snapshot


def dumped(path: Path) -> list[dict[str, Any]]:
    """The nodes, classes and slices of a dump, JSON, gzipped or not."""
    data = path.read_bytes()
    return fleet.items_of(json.loads(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
