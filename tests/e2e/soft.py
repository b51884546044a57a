"""
Measure soft alignment on a real control plane: pods that ask for it, in waves, and pods that do not.

    python -m tests.e2e.soft --fleet FILE --pods 300 --waves 4

The stock scheduler, without an extender, places every wave. Each way starts on the empty cluster: claims as
they are written, rewritten by our webhook, and rewritten by the policy that suits the cluster, without and
with ``serve --nominate``. Prints
how many pods were bound, how many share a PCIe root as their devices publish it, pods per second, and the
CPU time that the scheduler took for each, which tells more where the machine has other work.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

from extender.cel import unlimited
from extender.cli.cluster_input import cluster_input, read_cluster
from extender.core.claims.compiled_claims import compile_claims
from extender.core.cluster.snapshot import Snapshot
from extender.core.soft_alignment.selection import SelectedDevice, select
from extender.core.soft_alignment.soften import Rewrite, soften
from extender.core.topology.driver_attributes import PCIE_ROOT
from extender.kube.rewriting.admission_policy import ASKS, admission_policies
from extender.model import ClaimSpec, ExactRequest, Request
from tests.e2e import fleet, scheduler_config, workload
from tests.e2e.admission import admitting, claim, request, webhook
from tests.e2e.api import Api, Object, connect, each
from tests.e2e.control_plane import ControlPlane, start
from tests.e2e.extender_server import dump, ready, serving, until
from tests.e2e.measure import dumped, nominates, sharing_a_root
from tests.e2e.releases import DEFAULT_MINOR, RELEASES
from tests.e2e.workload import GPU_CLASS, NIC_CLASS

WAYS = ("stock", "webhook", "policy", "webhook, nominated", "policy, nominated")
WAVE_SECONDS = 1800.0
ASKING = {ASKS: "true"}


def main(arguments: Sequence[str]) -> int:
    """Run every way in turn and print a table."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.soft", description=__doc__)
    parser.add_argument("--minor", default=DEFAULT_MINOR, choices=sorted(RELEASES))
    parser.add_argument("--nodes", type=int, default=500, help="generated nodes")
    parser.add_argument("--fleet", type=Path, help="a dump instead, JSON, gzipped or not")
    parser.add_argument("--pods", type=int, default=300, help="in each wave")
    parser.add_argument("--waves", type=int, default=4)
    parser.add_argument("--gpu-class", default=GPU_CLASS, help="DeviceClass of the GPUs that pods ask for")
    parser.add_argument("--way", action="append", choices=WAYS, help="only these")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as directory, start(options.minor, Path(directory)) as plane:
        asyncio.run(_measure(plane, options))
    return 0


async def _measure(plane: ControlPlane, options: argparse.Namespace) -> None:
    documents = fleet.generated(options.nodes) if options.fleet is None else dumped(options.fleet)
    async with connect(plane) as api:
        await fleet.load(api, documents)
        _say(f"Kubernetes {plane.version}, {options.waves} waves of {options.pods} pods")
        snapshot = await _snapshot(plane, api)
        most = most_sharing_a_root(snapshot, _spec({"gpu": options.gpu_class, "nic": NIC_CLASS}))
        _say(f"at most {most} pods can share a root")
        _say(f"{'':18} wave  bound  one root  pods/s  CPU ms/pod")
        for way in options.way or WAYS:
            async with _way(way, plane, api, options.gpu_class):
                await _waves(plane, api, way, options)
            await workload.clear(api, WAVE_SECONDS)


async def _waves(plane: ControlPlane, api: Api, way: str, options: argparse.Namespace) -> None:
    names: list[str] = []
    bound = 0
    spent = used = 0.0
    annotations = {} if way == "stock" else ASKING
    with plane.scheduler(scheduler_config.stock(plane)) as scheduler:
        for wave in range(options.waves):
            began, used_before = time.monotonic(), _cpu_seconds(scheduler.pid)
            prefix = f"{way.replace(', ', '-')}-{wave}"
            made = [f"{prefix}-{number}" for number in range(options.pods)]
            await each(lambda name: _create(api, name, options.gpu_class, annotations), made)
            names += made
            before, bound = bound, await _bound(api, len(names))
            seconds, cpu = time.monotonic() - began, _cpu_seconds(scheduler.pid) - used_before
            spent, used = spent + seconds, used + cpu
            _say(_row(way, str(wave + 1), bound - before, "", seconds, cpu))
    aligned = await sharing_a_root(api, names) if bound == len(names) else "?"
    _say(_row(way, "all", bound, str(aligned), spent, used))


async def _create(api: Api, name: str, gpu_class: str, annotations: Mapping[str, str]) -> None:
    await api.create(_pair(f"{name}-0", gpu_class, annotations))
    await workload.create_pod(api, name)


def _pair(name: str, gpu_class: str, annotations: Mapping[str, str]) -> Object:
    return claim(name, request("gpu", gpu_class), request("nic", NIC_CLASS), annotations=annotations)


def _row(way: str, wave: str, bound: int, aligned: str, seconds: float, cpu: float) -> str:
    each = 1000 * cpu / max(bound, 1)
    return f"{way:18} {wave:>4}  {bound:5}  {aligned:>8}  {bound / seconds:6.1f}  {each:10.0f}"


def _cpu_seconds(pid: int) -> float:
    """What a process has used so far, of all cores; Linux only."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _bound(api: Api, wanted: int) -> int:
    """How many pods have a node, once all have or time is up."""
    deadline = time.monotonic() + WAVE_SECONDS
    while True:
        pods = await api.list_all("Pod", workload.NAMESPACE)
        bound = sum(1 for pod in pods if pod["spec"].get("nodeName"))
        if bound == wanted or time.monotonic() > deadline:
            return bound
        # The machine is small: looking all the time would be most of what is measured.
        await asyncio.sleep(1)


@contextlib.asynccontextmanager
async def _way(way: str, plane: ControlPlane, api: Api, gpu_class: str) -> AsyncIterator[None]:
    probe = _pair("probe", gpu_class, ASKING)
    rewriting, _, nominated = way.partition(", ")
    options = ("--nominate",) if nominated else ()
    async with contextlib.AsyncExitStack() as stack:
        if rewriting == "webhook":
            extender, configuration = stack.enter_context(webhook(plane, *options))
            await until(lambda: ready(extender), "the extender follows the cluster")
            await stack.enter_async_context(admitting(api, [configuration], probe))
        elif nominated:
            extender = stack.enter_context(
                serving(plane.directory, "--kubeconfig", plane.kubeconfig, *options)
            )
        if nominated:
            await until(lambda: nominates(extender), "nominating")
        if rewriting == "policy":
            classes = {"gpu": gpu_class, "nic": NIC_CLASS}
            rewrite = await _rewrite(plane, api, classes)
            order = (classes[rewrite.order[0]], classes[rewrite.order[1]])
            await stack.enter_async_context(admitting(api, admission_policies(rewrite, order), probe))
        yield


async def _rewrite(plane: ControlPlane, api: Api, classes: Mapping[str, str]) -> Rewrite:
    """What suits the cluster as it is."""
    rewrite = soften(_spec(classes), await _snapshot(plane, api))
    assert isinstance(rewrite, Rewrite), rewrite
    return rewrite


async def _snapshot(plane: ControlPlane, api: Api) -> Snapshot:
    path = await dump(api, plane.directory / "empty.json")
    return cluster_input(read_cluster([str(path)]), None).snapshot


def _spec(classes: Mapping[str, str]) -> ClaimSpec:
    return ClaimSpec("pair", tuple(Request(name, ExactRequest(name, of)) for name, of in classes.items()))


def most_sharing_a_root(snapshot: Snapshot, pair: ClaimSpec) -> int:
    """A bound for any choice of nodes and devices: as many on each root as the rarer kind has devices."""
    shape = compile_claims([pair], snapshot.classes, snapshot.release, unlimited())
    selection = select(shape, snapshot.published.values(), snapshot.release, unlimited())
    most = 0
    for state in snapshot.nodes.values():
        there = [
            selection.by_slice[each.name]
            for each in state.inventory.slices
            if each.name in selection.by_slice
        ]
        gpus, nics = (Counter(_roots(devices[side] for devices in there)) for side in (0, 1))
        most += (gpus & nics).total()
    return most


def _roots(devices: Iterable[Iterable[SelectedDevice]]) -> Iterator[object]:
    for selected in chain.from_iterable(devices):
        root = selected.device.attributes.get(PCIE_ROOT)
        if root is not None:
            yield root.value


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
