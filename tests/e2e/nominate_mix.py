"""
One run of everything that decides about a node beside devices, with ``serve --nominate``:

    python -m tests.e2e.nominate_mix --minor 1.36

Node affinity, taints, nodes without CPU, two profiles of one scheduler, a second scheduler, preemption, and a
nomination of a pod of low priority in the way of one of high priority. All pods are there, and nominated,
before the schedulers start. Prints for each group how many pods were nominated, were bound where they were
nominated, and were bound at all.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e import fleet, scheduler_config, workload
from tests.e2e.api import Api, Object, connect
from tests.e2e.control_plane import ControlPlane, start
from tests.e2e.extender_server import serving, until
from tests.e2e.measure import nominates
from tests.e2e.releases import DEFAULT_MINOR, RELEASES
from tests.e2e.workload import Ask

SECOND_PROFILE, THEIRS = "second-profile", "theirs"
BIND_SECONDS, REST_SECONDS = 60.0, 5.0
HIGH = 1000
TAINT = {"key": "e2e.example.com/full", "value": "yes", "effect": "NoSchedule"}


@dataclass(frozen=True)
class Group:
    """
    Pods ``<name>-<n>``; ``stock``: how many of them the schedulers can bind.

    Without us they may bind fewer: pods that could go anywhere take the devices of those that cannot.
    """

    name: str
    pods: int
    stock: int
    spec: Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """``nominated``: by us, before a scheduler was there. ``taken``: bound to the node of that."""

    group: Group
    nominated: int
    taken: int
    bound: int
    strayed: int
    """Pods that were nominated for, or bound to, a node where no CPU was left."""


def groups(special: Mapping[str, str]) -> list[Group]:
    """In the order in which they are created; ``special``: a node for each purpose."""
    tolerating = {"tolerations": [{"key": TAINT["key"], "operator": "Exists"}]}
    return [
        Group("affinity", 2, 2, workload.on_nodes([special["affinity"]])),
        Group("tolerating", 2, 2, {**workload.on_nodes([special["tainted"]]), **tolerating}),
        Group("tainted", 2, 0, workload.on_nodes([special["tainted"]])),
        Group("no-cpu", 2, 0, workload.on_nodes([special["full"]])),
        Group("plain", 10, 10, {}),
        Group("second-profile", 5, 5, {"schedulerName": SECOND_PROFILE}),
        Group("second-scheduler", 5, 5, {"schedulerName": THEIRS}),
        Group("preempting", 1, 1, {**workload.on_nodes([special["preempted"]]), "priority": HIGH}),
        Group("low-priority", 1, 0, workload.on_nodes([special["contended"]])),
        Group("high-priority", 1, 1, {**workload.on_nodes([special["contended"]]), "priority": HIGH}),
    ]


CPU = {"preempting": 0.6, "low-priority": 0.6, "high-priority": 0.6}
"""What pods of these groups take of the CPU of their node; others take little."""


async def mixed(
    plane: ControlPlane, api: Api, account: Path, directory: Path, *, nominating: bool = True
) -> list[Row]:
    """Run it once; the fleet is there, and no pods. Not ``nominating``: without us."""
    nodes = {node["metadata"]["name"]: node for node in await api.list_all("Node")}
    special = dict(
        zip(("affinity", "tainted", "full", "preempted", "contended"), await _roomy(api), strict=False)
    )
    made = groups(special)
    names = {group.name: [f"{group.name}-{number}" for number in range(group.pods)] for group in made}
    async with _prepared(api, nodes, special):
        with contextlib.ExitStack() as stack:
            if nominating:
                profiles = ("--scheduler-name", "default-scheduler", "--scheduler-name", SECOND_PROFILE)
                extender = stack.enter_context(
                    serving(directory, "--kubeconfig", account, "--nominate", *profiles)
                )
                await until(lambda: nominates(extender), "nominating")
            for group in made:
                for name in names[group.name]:
                    cpu = CPU.get(group.name, 0) * _cpu(nodes[special["contended"]])
                    await _create(api, name, group.spec, cpu)
            await asyncio.sleep(REST_SECONDS)
            nominated = await _nominated(api)
            first = scheduler_config.stock(
                plane, profiles=[{"schedulerName": "default-scheduler"}, {"schedulerName": SECOND_PROFILE}]
            )
            theirs = scheduler_config.stock(plane, profiles=[{"schedulerName": THEIRS}], name="theirs")
            stack.enter_context(plane.scheduler(first))
            stack.enter_context(plane.scheduler(theirs))
            certain = [name for group in made if group.pods == group.stock for name in names[group.name]]
            with contextlib.suppress(*() if nominating else (workload.Unbound,)):
                await workload.wait_bound(api, certain, BIND_SECONDS)
            await asyncio.sleep(REST_SECONDS)
            bound = await workload.bound(api, [name for each in names.values() for name in each])
    return [
        Row(
            group,
            sum(name in nominated for name in names[group.name]),
            sum(name in nominated and bound.get(name) == nominated[name] for name in names[group.name]),
            sum(name in bound for name in names[group.name]),
            sum(special["full"] in (nominated.get(name), bound.get(name)) for name in names[group.name]),
        )
        for group in made
    ]


async def _roomy(api: Api) -> list[str]:
    """The nodes, those first that have the most of the rarest kind of device."""
    counts: dict[str, Counter[bool]] = defaultdict(Counter)
    for found in await api.list_all("ResourceSlice"):
        spec = found["spec"]
        counts[spec.get("nodeName", "")]["gpu" in spec["driver"]] += len(spec.get("devices") or ())
    return sorted(counts, key=lambda node: (-min(counts[node][True], counts[node][False]), node))


def _cpu(node: Object) -> int:
    """In thousandths."""
    text = str(node["status"]["allocatable"]["cpu"])
    return int(text[:-1]) if text.endswith("m") else 1000 * int(text)


def _requests(pod: Object, cpu: float) -> Object:
    pod["spec"]["containers"][0].setdefault("resources", {})["requests"] = {"cpu": f"{int(cpu)}m"}
    return pod


async def _create(api: Api, name: str, spec: Mapping[str, Any], cpu: float) -> None:
    await workload.create_claims(api, name)
    pod = workload.pod(name, Ask.ONE_CLAIM)
    pod["spec"] |= spec
    await api.create(_requests(pod, cpu or 1))


@contextlib.asynccontextmanager
async def _prepared(api: Api, nodes: Mapping[str, Object], special: Mapping[str, str]) -> AsyncIterator[None]:
    """A tainted node, one whose CPU is taken for good, and one whose CPU pods of low priority have."""
    await _taint(api, special["tainted"], [TAINT])
    for purpose, priority in (("full", HIGH), ("preempted", -HIGH)):
        node = special[purpose]
        await api.create(workload.filler(f"filler-{purpose}", node, f"{_cpu(nodes[node])}m", priority))
    try:
        yield
    finally:
        await _taint(api, special["tainted"], [])


async def _taint(api: Api, name: str, taints: Sequence[Object]) -> None:
    node = await api.get("Node", name)
    node["spec"]["taints"] = list(taints)
    await api.request("PUT", f"/api/v1/nodes/{name}", node)


async def _nominated(api: Api) -> dict[str, str]:
    """The node that each pod is nominated for."""
    return {
        found["metadata"]["name"]: node
        for found in await api.list_all("Pod", workload.NAMESPACE)
        if (node := found.get("status", {}).get("nominatedNodeName"))
    }


def main(arguments: Sequence[str]) -> int:
    """Run it once and print the table; 1 where a group was not bound as without us."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.nominate_mix", description=__doc__)
    parser.add_argument("--minor", default=DEFAULT_MINOR, choices=sorted(RELEASES))
    options = parser.parse_args(arguments)

    async def run(plane: ControlPlane) -> tuple[list[Row], list[Row]]:
        async with connect(plane) as api:
            await fleet.load(api, fleet.recorded())
            without = await mixed(plane, api, plane.kubeconfig, plane.directory, nominating=False)
            await workload.clear(api)
            return without, await mixed(plane, api, plane.kubeconfig, plane.directory)

    with tempfile.TemporaryDirectory() as directory, start(options.minor, Path(directory)) as plane:
        without, rows = asyncio.run(run(plane))
    sys.stdout.write(f"{'group':18} pods  nominated  taken  bound  bound without us\n")
    for stock, row in zip(without, rows, strict=True):
        sys.stdout.write(
            f"{row.group.name:18} {row.group.pods:4}  {row.nominated:9}  {row.taken:5}  {row.bound:5}"
            f"  {stock.bound:16}\n"
        )
    pairs = zip(without, rows, strict=True)
    return 1 if any(row.bound < stock.bound or row.strayed for stock, row in pairs) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
