"""
Measure soft alignment on a real control plane: pods that ask for it, in waves, and pods that do not.

    python -m tests.e2e.soft --fleet FILE --pods 300 --waves 4

The stock scheduler, without an extender, places every wave. Each way starts on the empty cluster: claims as
they are written, rewritten by our webhook, and rewritten by the policy that suits the cluster. Prints
how many pods were bound, how many share a PCIe root as their devices publish it, and pods per second.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from extender.cli.cluster_input import cluster_input, read_cluster
from extender.core.model import ClaimSpec, ExactRequest, Request
from extender.core.soft_alignment import Rewrite, soften
from extender.kube.admission_policy import ASKS, admission_policies
from tests.e2e import fleet, scheduler_config, workload
from tests.e2e.admission import admitting, claim, request
from tests.e2e.api import Api, connect
from tests.e2e.control_plane import ControlPlane, start
from tests.e2e.extender_server import dump
from tests.e2e.measure import _aligned, _dumped
from tests.e2e.releases import DEFAULT_MINOR, RELEASES
from tests.e2e.workload import GPU_CLASS, NIC_CLASS

WAYS = ("stock", "policy")
WAVE_SECONDS = 600.0
PROBE = claim("probe", request("gpu", GPU_CLASS), request("nic", NIC_CLASS), annotations={ASKS: "true"})


def main(arguments: Sequence[str]) -> int:
    """Run every way in turn and print a table."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.soft", description=__doc__)
    parser.add_argument("--minor", default=DEFAULT_MINOR, choices=sorted(RELEASES))
    parser.add_argument("--nodes", type=int, default=500, help="generated nodes")
    parser.add_argument("--fleet", type=Path, help="a dump instead, JSON, gzipped or not")
    parser.add_argument("--pods", type=int, default=300, help="in each wave")
    parser.add_argument("--waves", type=int, default=4)
    parser.add_argument("--way", action="append", choices=WAYS, help="only these")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as directory, start(options.minor, Path(directory)) as plane:
        asyncio.run(_measure(plane, options))
    return 0


async def _measure(plane: ControlPlane, options: argparse.Namespace) -> None:
    documents = fleet.generated(options.nodes) if options.fleet is None else _dumped(options.fleet)
    async with connect(plane) as api:
        await fleet.load(api, documents)
        _say(f"Kubernetes {plane.version}, {options.waves} waves of {options.pods} pods")
        _say(f"{'':8} wave  bound  one root  pods/s")
        for way in options.way or WAYS:
            async with _way(way, plane, api):
                await _waves(plane, api, way, options)
            await workload.clear(api, WAVE_SECONDS)


async def _waves(plane: ControlPlane, api: Api, way: str, options: argparse.Namespace) -> None:
    names: list[str] = []
    spent = 0.0
    annotations = None if way == "stock" else {ASKS: "true"}
    with plane.scheduler(scheduler_config.stock(plane)):
        for wave in range(options.waves):
            began = time.monotonic()
            made = await workload.create_pairs(
                api, options.pods, prefix=f"{way}-{wave}", annotations=annotations
            )
            await workload.wait_bound(api, made, WAVE_SECONDS)
            seconds = time.monotonic() - began
            spent += seconds
            names += made
            aligned, _ = await _aligned(api, plane, made)
            _say(f"{way:8} {wave + 1:4}  {len(made):5}  {aligned:8}  {len(made) / seconds:6.1f}")
    aligned, near = await _aligned(api, plane, names)
    _say(f"{way:8}  all  {len(names):5}  {aligned:8}  {len(names) / spent:6.1f}  ({near} by our measure)")


@contextlib.asynccontextmanager
async def _way(way: str, plane: ControlPlane, api: Api) -> AsyncIterator[None]:
    async with contextlib.AsyncExitStack() as stack:
        if way == "policy":
            rewrite = await _rewrite(plane, api)
            classes = {"gpu": GPU_CLASS, "nic": NIC_CLASS}
            order = (classes[rewrite.order[0]], classes[rewrite.order[1]])
            await stack.enter_async_context(admitting(api, admission_policies(rewrite, order), PROBE))
        yield


async def _rewrite(plane: ControlPlane, api: Api) -> Rewrite:
    """What suits the cluster as it is."""
    path = await dump(api, plane.directory / "empty.json")
    snapshot = cluster_input(read_cluster([str(path)]), None).snapshot
    requests = (
        Request(name, ExactRequest(name, of)) for name, of in (("gpu", GPU_CLASS), ("nic", NIC_CLASS))
    )
    rewrite = soften(ClaimSpec("pair", tuple(requests)), snapshot)
    assert isinstance(rewrite, Rewrite), rewrite
    return rewrite


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
