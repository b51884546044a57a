"""
Kill everything in turn while pods come, go and are nominated; nothing may stay behind.

    python -m tests.e2e.nominate_churn --fleet FILE --pods 1000 --delete-per-second 10

Two replicas of ``serve --nominate`` run beside a scheduler that asks the second as an extender. While
pods are created and bound ones deleted, these are killed and started again in turn: the replica that
nominates, the scheduler, the API server, the other replica. At the end every pod must be bound, no
nomination of ours be left on a pod without a node, and no replica assume anything. Pods that are bound
only once we are off were held back by us; there may be none.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from tests.e2e import fleet, scheduler_config, workload
from tests.e2e.api import Api, InvalidClaims, connect
from tests.e2e.control_plane import ControlPlane, start
from tests.e2e.extender_server import Extender, serving, until
from tests.e2e.measure import dumped, nominates
from tests.e2e.releases import DEFAULT_MINOR, RELEASES

SAMPLE = scheduler_config.FOLDER / "score-alignment-first.yaml"
BIND_SECONDS = 240.0
"""For what is left when the last pod was created; kube-scheduler seeks a lost API server for a minute."""
ALONE_SECONDS = 60.0
LEASE = "default/churn"
CONFLICT = 409


@dataclass
class Churned:
    """
    What is left at the end.

    ``held_back``: pods that were bound only once we were off. ``pending``: those that the scheduler does not
    bind alone either. ``nominated``: pods without a node that show a nomination of ours. ``results``: what
    became of nominations, as the replica counts that nominates at the end. ``repeated``: requests of the
    test that the API server was not there for. ``errors``: internal ones of ours.
    """

    created: int = 0
    deleted: set[str] = field(default_factory=set)
    held_back: list[str] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)
    nominated: list[str] = field(default_factory=list)
    assumed: int = 0
    outstanding: int = 0
    results: dict[str, int] = field(default_factory=dict)
    repeated: int = 0
    errors: int = 0


class Replicas:
    """Two replicas by name; each may be killed and started again."""

    def __init__(self, plane: ControlPlane, account: Path) -> None:
        self._plane, self._account = plane, account
        self._stacks: dict[str, contextlib.ExitStack] = {}
        self.running: dict[str, Extender] = {}

    def start(self, name: str) -> Extender:
        directory = self._plane.directory / name
        directory.mkdir(exist_ok=True)
        stack = self._stacks[name] = contextlib.ExitStack()
        options = ("--kubeconfig", self._account, "--nominate", "--nominate-lease", LEASE)
        self.running[name] = stack.enter_context(serving(directory, *options))
        return self.running[name]

    def restart(self, name: str) -> None:
        """Kill it, as a node that fails does, and start another one."""
        self.running[name].process.kill()
        self._stacks[name].close()
        self.start(name)

    def leader(self) -> str:
        """The one that nominates; any where none does."""
        return next((name for name, each in self.running.items() if nominates(each)), "first")

    def close(self) -> None:
        for stack in self._stacks.values():
            stack.close()
        self.running.clear()


async def churn(
    plane: ControlPlane,
    account: Path,
    pods: int,
    *,
    create_per_second: float,
    delete_per_second: float,
    with_api_server: bool = True,
) -> Churned:
    """Do it all; the nodes are there, and no pods."""
    found = Churned()
    replicas = Replicas(plane, account)
    with contextlib.closing(replicas):
        replicas.start("first")
        await until(lambda: nominates(replicas.running["first"]), "the first replica nominates")
        config = scheduler_config.sample(plane, SAMPLE, replicas.start("second").url)
        async with contextlib.AsyncExitStack() as stack:
            scheduler = [stack.enter_context(plane.scheduler(config))]

            def kill_scheduler() -> None:
                scheduler[-1].kill()
                scheduler.append(stack.enter_context(plane.scheduler(config)))

            kills: list[Callable[[], None]] = [
                lambda: replicas.restart(replicas.leader()),
                kill_scheduler,
                *([plane.restart_apiserver] if with_api_server else []),
                lambda: replicas.restart(replicas.leader()),
            ]
            names = [f"churn-{number}" for number in range(pods)]
            await _come_and_go(plane, found, names, kills, create_per_second, delete_per_second)
            await _settle(plane, found, names, replicas)
    if found.pending:
        with plane.scheduler(scheduler_config.stock(plane)):
            await _alone(plane, found)
    return found


async def _come_and_go(
    plane: ControlPlane,
    found: Churned,
    names: Sequence[str],
    kills: Sequence[Callable[[], None]],
    create_per_second: float,
    delete_per_second: float,
) -> None:
    """Create all pods and delete bound ones; the kills are spread over that time."""
    async with connect(plane) as api, asyncio.TaskGroup() as group:
        deleting = group.create_task(_delete(api, found, names, delete_per_second))
        began = time.monotonic()
        due = [len(names) * (number + 1) // (len(kills) + 1) for number in range(len(kills))]
        for number, name in enumerate(names):
            await asyncio.sleep(max(0.0, began + number / create_per_second - time.monotonic()))
            if number in due:
                # The kill waits for what it starts again; pods are created and deleted after it.
                kills[due.index(number)]()
                began = time.monotonic() - number / create_per_second
            await _insist(found, lambda name=name: _create(api, name))  # type: ignore[misc]
            found.created += 1
        deleting.cancel()


async def _create(api: Api, name: str) -> None:
    for create in (workload.create_claims, workload.create_pod):
        try:
            await create(api, name)
        except InvalidClaims as refused:
            if refused.status != CONFLICT:
                raise


async def _delete(api: Api, found: Churned, names: Sequence[str], per_second: float) -> None:
    """Delete bound pods in their order, until cancelled."""
    for name in names:
        await asyncio.sleep(1 / per_second)
        bound: dict[str, str] = {}
        while not bound:
            with contextlib.suppress(InvalidClaims, aiohttp.ClientError, OSError):
                bound = await workload.bound(api, [name])
            await asyncio.sleep(0 if bound else 0.1)
        found.deleted.add(name)
        await _insist(found, lambda name=name: workload.delete_pair(api, name))  # type: ignore[misc]


async def _insist(found: Churned, act: Callable[[], Awaitable[object]]) -> None:
    """Do it again where the API server was not there."""
    while True:
        try:
            await act()
        except (InvalidClaims, aiohttp.ClientError, OSError) as error:
            if isinstance(error, InvalidClaims) and error.status < 429:
                raise
            found.repeated += 1
            await asyncio.sleep(0.2)
        else:
            return


async def _settle(plane: ControlPlane, found: Churned, names: Sequence[str], replicas: Replicas) -> None:
    """Wait until all pods are bound, or for as long as that may take, and note what is left."""
    left = [name for name in names if name not in found.deleted]
    async with connect(plane) as api:
        try:
            await workload.wait_bound(api, left, BIND_SECONDS)
        except workload.Unbound:
            bound = await workload.bound(api, left)
            found.pending = [name for name in left if name not in bound]
        leader = replicas.running[replicas.leader()]
        with contextlib.suppress(Exception):
            await until(
                lambda: not leader.metric("nominated_pods") and not leader.metric("in_flight_claims"),
                "nothing is assumed",
            )
        running = replicas.running.values()
        found.assumed = sum(int(each.metric("in_flight_claims")) for each in running)
        found.outstanding = sum(int(each.metric("nominated_pods")) for each in running)
        found.errors = sum(int(each.metric("internal_errors_total")) for each in running)
        found.results = {
            labels["result"]: int(value) for labels, value in leader.samples("nominations_total") if value
        }
        found.nominated = [
            each["metadata"]["name"]
            for each in await api.list_all("Pod", workload.NAMESPACE)
            if not each["spec"].get("nodeName") and each.get("status", {}).get("nominatedNodeName")
        ]


async def _alone(plane: ControlPlane, found: Churned) -> None:
    """Let the stock scheduler bind what is left, without us."""
    async with connect(plane) as api:
        with contextlib.suppress(workload.Unbound):
            await workload.wait_bound(api, found.pending, ALONE_SECONDS)
        bound = await workload.bound(api, found.pending)
    found.held_back = [name for name in found.pending if name in bound]
    found.pending = [name for name in found.pending if name not in bound]


def main(arguments: Sequence[str]) -> int:
    """Run it once and print what is left; 1 where we held something back or left something behind."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.nominate_churn", description=__doc__)
    parser.add_argument("--minor", default=DEFAULT_MINOR, choices=sorted(RELEASES))
    parser.add_argument("--nodes", type=int, default=500, help="generated nodes")
    parser.add_argument("--fleet", type=Path, help="a dump instead, JSON, gzipped or not")
    parser.add_argument("--pods", type=int, default=1000)
    parser.add_argument("--create-per-second", type=float, default=25.0, metavar="N")
    parser.add_argument("--delete-per-second", type=float, default=10.0, metavar="N")
    options = parser.parse_args(arguments)

    async def run(plane: ControlPlane) -> Churned:
        documents = fleet.generated(options.nodes) if options.fleet is None else dumped(options.fleet)
        async with connect(plane) as api:
            await fleet.load(api, documents)
        return await churn(
            plane,
            plane.kubeconfig,
            options.pods,
            create_per_second=options.create_per_second,
            delete_per_second=options.delete_per_second,
        )

    with tempfile.TemporaryDirectory() as directory, start(options.minor, Path(directory)) as plane:
        found = asyncio.run(run(plane))
    sys.stdout.write(
        f"Kubernetes {RELEASES[options.minor]}: {found.created} pods, {len(found.deleted)} deleted\n"
        f"held back by us: {found.held_back}\npending with and without us: {found.pending}\n"
        f"nominated without a node: {found.nominated}\n"
        f"assumed: {found.assumed}, outstanding: {found.outstanding}, errors: {found.errors}, "
        f"requests repeated: {found.repeated}\n"
        f"nominations: {found.results}\n"
    )
    return 1 if found.held_back or found.nominated or found.assumed or found.outstanding else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
