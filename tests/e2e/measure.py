"""
Measure placements on a real control plane: the stock scheduler beside ours.

    python -m tests.e2e.measure --minor 1.36 --nodes 500 --pods 300

Creates all pods at once, or ``--create-per-second``, once without an extender and once for each way of
running it, and prints what became of them: how many share a PCIe root, how often the prediction was right,
pods per second and the ratio to the stock scheduler of the same repeat, processor time per pod, the GPU-NIC
pairs as the machines are documented and as drivers publish, and what became of nominations.
``--fleet FILE`` takes the nodes, classes and slices of a dump instead of generated ones.
``--delete-per-second`` and ``--publish-per-second`` keep the cluster moving meanwhile. ``--full-queue``
starts the scheduler when all pods are there, and nominated: then it is the scheduler that is measured,
not who creates pods. Every prediction that did not come true is printed with its class.
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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from extender.cli.cluster_input import cluster_input, read_cluster
from extender.core.nomination.refusals import Refusal
from extender.core.prediction.evaluate import Memo, Settings, Snapshot, evaluate
from extender.service.nomination.results import NominationResult
from tests.e2e import fleet, workload
from tests.e2e.api import Api, Object, connect
from tests.e2e.churn import Done, deleting, publishing
from tests.e2e.control_plane import PARTS, ControlPlane, start
from tests.e2e.documented import documented_pairs, sentence
from tests.e2e.extender_server import Extender, dump, until
from tests.e2e.offers import SHARED, Offers, noted
from tests.e2e.process import Process
from tests.e2e.releases import DEFAULT_MINOR, RELEASES
from tests.e2e.ways import WAYS, Way, configured, matches, mismatch_words, served
from tests.e2e.workload import Ask
from tests.printed import say
from tests.processor_time import processor_seconds
from tests.waves.judgement import Pairs

PLACE_SECONDS = 1800.0
SETTLE_SECONDS = 3.0
"""For what is on its way when the last pod is bound."""
ROOTS = ("resource.kubernetes.io/pcieRoot", "dra.net/pcieRoot")


@dataclass(frozen=True)
class Result:
    """
    ``by_attribute``: pods not deleted whose GPU and NIC publish one root; ``near``: the same by our measure.

    ``offered``: pods that could have had a shared root on some node when they were asked about, ``taken``:
    those of them that got one; ``None`` where that was not looked at. ``in_flight``: claims assumed at the
    end, when nothing is on its way any more. ``scheduler_seconds``, ``extender_seconds``: of processor time.
    ``nominations``: by what became of them. ``created_seconds``: until all pods were created. ``others``:
    processor time of the rest of the control plane and of this program, by name. ``documented``,
    ``published_pairs``: the GPU-NIC pairs by both judges. ``early``: pods that were
    bound before ``seconds`` began.
    """

    way: Way
    bound: int
    seconds: float
    deleted: Done
    published: Done
    by_attribute: int
    near: int
    matches: Counter[str]
    mismatches: Sequence[Object]
    in_flight: int
    offered: int | None
    taken: int
    scheduler_seconds: float
    extender_seconds: float
    nominations: Counter[str]
    created_seconds: float
    others: Mapping[str, float]
    early: int
    documented: Pairs
    published_pairs: Pairs

    @property
    def rate(self) -> float:
        return (self.bound - self.early) / self.seconds


def main(arguments: Sequence[str]) -> int:
    """Run every way in turn and print a table."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.measure", description=__doc__)
    parser.add_argument("--minor", default=DEFAULT_MINOR, choices=sorted(RELEASES))
    parser.add_argument("--nodes", type=int, default=500, help="generated nodes")
    parser.add_argument("--fleet", type=Path, help="a dump instead, JSON, gzipped or not")
    parser.add_argument("--pods", type=int, default=300)
    parser.add_argument("--ask", default="ONE_CLAIM", choices=[ask.name for ask in Ask])
    parser.add_argument("--way", action="append", choices=[way.name for way in WAYS], help="only these")
    parser.add_argument("--repeats", type=int, default=1, help="of every way")
    parser.add_argument("--offers", action="store_true", help="note who was offered a root; costs time")
    parser.add_argument("--create-per-second", type=float, default=0.0, metavar="N", help="0: all at once")
    parser.add_argument(
        "--machines", nargs="+", default=[], help="facts of machines for each way that is ours"
    )
    parser.add_argument("--full-queue", action="store_true", help="start the scheduler when all pods wait")
    parser.add_argument("--delete-per-second", type=float, default=0.0, metavar="N", help="bound pods")
    parser.add_argument("--publish-per-second", type=float, default=0.0, metavar="N", help="slices")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as directory, start(options.minor, Path(directory)) as plane:
        asyncio.run(_measure(plane, options))
    return 0


async def _measure(plane: ControlPlane, options: argparse.Namespace) -> None:
    documents = fleet.generated(options.nodes) if options.fleet is None else dumped(options.fleet)
    async with connect(plane) as api:
        await fleet.load(api, documents)
        say(f"Kubernetes {plane.version}, {options.pods} pods, {options.ask}")
        say(f"{'':22} bound  deleted  one root (attribute)  one root (ours)  pods/s  ÷ stock  predictions")
        for _ in range(options.repeats):
            stock = 0.0
            for way in WAYS:
                if options.way and way.name not in options.way:
                    continue
                result = await _place(plane, api, way, options)
                stock = stock if way.serves else result.rate
                _report(result, stock)
                await workload.clear(api, 300)


def _report(result: Result, stock: float) -> None:
    """Print what came of one way; ``stock``: pods per second without us, 0 where that is not known."""
    said = ", ".join(f"{count} {name}" for name, count in result.matches.most_common())
    counted = result.bound - result.early
    ratio = f"{result.rate / stock:.2f}" if stock and result.way.serves else ""
    say(
        f"{result.way.name:22} {result.bound:5}  {len(result.deleted.names):7}  {result.by_attribute:20}  "
        f"{result.near:15}  {result.rate:6.1f}  {ratio:>7}  {said}"
    )
    say(
        f"    processor time per pod: scheduler {1000 * result.scheduler_seconds / counted:.1f} ms, "
        f"extender {1000 * result.extender_seconds / counted:.1f} ms; "
        + ", ".join(f"{name} {1000 * used / counted:.1f}" for name, used in result.others.items())
    )
    created = f"all created after {result.created_seconds:.2f} s"
    say(
        f"    all bound after {result.seconds:.2f} s, {f'{result.early} before' if result.early else created}"
    )
    for judge, pairs in (("documented", result.documented), ("published", result.published_pairs)):
        say(f"    {sentence(judge, pairs)}")
    if result.nominations:
        say(f"    nominations: {', '.join(f'{count} {name}' for name, count in result.nominations.items())}")
    if result.way.serves:
        say(f"    in flight at the end: {result.in_flight}; slices published: {result.published.count}")
    if result.offered is not None:
        say(f"    a shared root in {result.taken} of the {result.offered} cases in which a node had one")
    for each in result.mismatches:
        say(f"    {mismatch_words(each)}")


async def _place(plane: ControlPlane, api: Api, way: Way, options: argparse.Namespace) -> Result:
    ask = Ask[options.ask]
    async with contextlib.AsyncExitStack() as stack:
        offers: Offers | None = None
        machines = ("--machines", *options.machines) if options.machines else ()
        extender = await stack.enter_async_context(served(plane, way, machines))
        url = extender.url if extender is not None else ""
        if way.weight and options.offers:
            offers = stack.enter_context(noted(url))
            url = offers.url
        config = configured(plane, way, url)
        names = [f"pair-{number}" for number in range(options.pods)]
        if "--nominate" in way.options and extender is not None:
            await until(partial(nominates, extender), "nominating")
        if options.full_queue:
            await _create(api, options, ask)
            if extender is not None:
                await _all_decided(extender, options.pods)
        scheduler = stack.enter_context(plane.scheduler(config))
        processes = {"scheduler": scheduler, **{name: plane.process(name) for name in PARTS}}
        if extender is not None:
            processes["extender"] = extender.process
        used = _processor_seconds(processes)
        early = len(await workload.bound(api, names)) if options.full_queue else 0
        began = time.monotonic()
        async with (
            publishing(api, options.publish_per_second, PLACE_SECONDS) as published,
            deleting(api, names, ask, options.delete_per_second) as deleted,
        ):
            if not options.full_queue:
                await _create(api, options, ask)
            created = time.monotonic() - began
            bound = await workload.wait_bound(api, names, PLACE_SECONDS, gone=deleted.names)
            seconds = time.monotonic() - began
            now = _processor_seconds(processes)
        spent = {name: now[name] - before for name, before in used.items()}
        left = [name for name in bound if name not in deleted.names]
        await asyncio.sleep(SETTLE_SECONDS)
        by_attribute, near = await _aligned(api, plane, left)
        judged = documented_pairs(await current_snapshot(api, plane), await workload.allocations(api, left))
        return Result(
            way,
            options.pods,
            seconds,
            deleted,
            published,
            by_attribute,
            len(near),
            matches(extender) if extender is not None else Counter[str](),
            extender.mismatches() if extender is not None else (),
            int(extender.metric("in_flight_claims")) if extender is not None else 0,
            len(offers.shared.intersection(left)) if offers is not None else None,
            len(offers.shared & near) if offers is not None else 0,
            spent.pop("scheduler"),
            spent.pop("extender", 0.0),
            Counter(dict(_nominations(extender))) if extender is not None else Counter[str](),
            created,
            spent,
            early,
            *judged,
        )


def _processor_seconds(processes: Mapping[str, Process]) -> dict[str, float]:
    """What each has used so far, and this program, too."""
    return {
        **{name: processor_seconds(each.pid) for name, each in processes.items()},
        "us": time.process_time(),
    }


async def _create(api: Api, options: argparse.Namespace, ask: Ask) -> None:
    """All pods at once, or so many a second."""
    if not options.create_per_second:
        await workload.create_pairs(api, options.pods, ask)
        return
    began = time.monotonic()
    for number in range(options.pods):
        await asyncio.sleep(max(0.0, began + number / options.create_per_second - time.monotonic()))
        await workload.create_pair(api, f"pair-{number}", ask)


async def _all_decided(extender: Extender, pods: int) -> None:
    """Wait until each pod is nominated, or is known to find no node, where we nominate."""
    if extender.metric("nominating"):
        await until(
            lambda: extender.metric("nominated_pods") + extender.metric("not_nominated_total") >= pods,
            "all are nominated",
        )


def nominates(extender: Extender) -> bool:
    """Whether it holds the lease and knows the cluster."""
    return bool(extender.metric("nominating"))


def _nominations(extender: Extender) -> Iterator[tuple[str, int]]:
    for result in NominationResult:
        count = int(extender.metric("nominations_total", result=result))
        if count:
            yield result, count
    written = extender.metric("nomination_seconds_count")
    if written:
        yield "ms until written", int(1000 * extender.metric("nomination_seconds_sum") / written)
    for refusal in Refusal:
        count = int(extender.metric("not_nominated_total", reason=refusal))
        if count:
            yield f"not: {refusal}", count


async def _aligned(api: Api, plane: ControlPlane, names: Sequence[str]) -> tuple[int, set[str]]:
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


async def _near(api: Api, plane: ControlPlane, names: Sequence[str]) -> set[str]:
    """The pods whose GPU and NIC share a root as ``explain`` says."""
    snapshot = await current_snapshot(api, plane)
    memo: Memo[bytes] = Memo(lambda names, _score: [b""] * len(names), capacity=1)
    near = set()
    for name in names:
        pod = snapshot.pods["default", name]
        verdict = evaluate(snapshot, pod, memo, Settings()).verdicts([pod.node_name])[pod.node_name]
        pairs = verdict.alignment.pairs if verdict.alignment is not None else ()
        if any(pair.kinds == "gpu-nic" and pair.distance in SHARED for pair in pairs):
            near.add(name)
    return near


async def current_snapshot(api: Api, plane: ControlPlane) -> Snapshot:
    """What the API shows now."""
    path = await dump(api, plane.directory / "placed.json")
    return cluster_input(read_cluster([str(path)]), None).snapshot


def dumped(path: Path) -> list[dict[str, Any]]:
    """The nodes, classes and slices of a dump, JSON, gzipped or not."""
    data = path.read_bytes()
    return fleet.items_of(json.loads(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
