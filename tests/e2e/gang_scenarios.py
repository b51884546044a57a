"""What gangs go through in ``tests.e2e.gangs``; each scenario begins without pods."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from tests.e2e import pod_groups, workload
from tests.e2e.api import Api, each
from tests.e2e.extender_server import Extender
from tests.e2e.pod_groups import Gang

ROOMY, ROOM = "dgx-h100", 8
"""Begin of the names of nodes that have so many GPUs and as many RDMA NICs, and how many they have."""

ROOMY_NODES = 3
MACHINE_TYPE = "node.kubernetes.io/instance-type"
"""The label of nodes that tells their machine type."""

BIND_SECONDS = 600.0
FIT_SECONDS = 90.0
"""A gang that was refused is tried again within 10 s of what lets it fit."""

REST_SECONDS = 7.0
"""Until a group that does not fit has failed, even on a busy machine."""

LOW, HIGH = -1000, 1000
"""Priorities."""

BESIDE = "beside"
"""The pod that comes beside gangs that fail."""


@dataclass(frozen=True, slots=True)
class Stage:
    """``gangs`` of ``size`` pods on a cluster; ``plain``: the same pods without groups."""

    api: Api
    minor: str
    gangs: int
    size: int
    plain: bool = False
    extender: Extender | None = None

    async def create(self, gang: Gang) -> None:
        """Create a gang with its group."""
        await pod_groups.create(self.api, self.minor, gang)

    async def wait_bound(self, gangs: Sequence[Gang], seconds: float = BIND_SECONDS) -> None:
        """Wait until every pod of the gangs has a node; ``Unbound``."""
        await workload.wait_bound(self.api, [pod for gang in gangs for pod in gang.pods], seconds)

    async def nodes(self) -> tuple[str, ...]:
        """Some roomy nodes, as many as there are up to ``ROOMY_NODES``."""
        names = sorted(node["metadata"]["name"] for node in await self.api.list_all("Node"))
        return tuple(name for name in names if name.startswith(ROOMY))[:ROOMY_NODES]

    @property
    def assumed(self) -> int:
        """The claims that the extender assumes to be allocated."""
        return int(self.extender.metric("in_flight_claims")) if self.extender is not None else 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    ``gangs``: those whose pods have devices at the end. ``refused``: those of which no pod had a node while
    they did not fit. ``torn``: those of which some pods had one then.
    """

    gangs: Sequence[Gang]
    seconds: float
    refused: int = 0
    torn: int = 0


Scenario = Callable[[Stage], Awaitable[Outcome]]


async def at_once(stage: Stage) -> Outcome:
    """All gangs are created at the same time, and all fit."""
    gangs = [Gang(f"gang-{number}", stage.size, stage.plain) for number in range(stage.gangs)]
    return await _together(stage, gangs)


async def on_one_type(stage: Stage) -> Outcome:
    """All gangs are created at the same time; each must go to machines of one type, whichever it is."""
    gangs = [Gang(f"gang-{number}", stage.size, topology=MACHINE_TYPE) for number in range(stage.gangs)]
    return await _together(stage, gangs)


async def back_to_back(stage: Stage) -> Outcome:
    """Each gang is created when the one before is bound, and all fit."""
    gangs = [Gang(f"gang-{number}", stage.size, stage.plain) for number in range(stage.gangs)]
    began = time.monotonic()
    for gang in gangs:
        await stage.create(gang)
        await stage.wait_bound([gang])
    return Outcome(gangs, time.monotonic() - began)


async def crowded(stage: Stage) -> Outcome:
    """
    Gangs that must go to a few nodes: two more than fit, until as many have left.

    One pod alone takes a pair first. ``BESIDE`` comes while gangs fail again and again: what is predicted for
    it says whether anything is held by them.
    """
    nodes = await stage.nodes()
    room = (len(nodes) * ROOM - 2) // stage.size
    gangs = [Gang(f"crowd-{number}", stage.size, nodes=nodes) for number in range(room + 2)]
    alone = [Gang(name, 1, plain=True, nodes=nodes) for name in ("first", BESIDE)]
    began = time.monotonic()
    await stage.create(alone[0])
    await stage.wait_bound(alone[:1])
    for gang in gangs[:room]:
        await stage.create(gang)
        await stage.wait_bound([gang])
    await stage.create(gangs[room])
    await asyncio.sleep(REST_SECONDS)
    await stage.create(gangs[room + 1])
    await _create_known(stage, alone[1])
    await stage.wait_bound(alone[1:], FIT_SECONDS)
    refused, torn = await _without_nodes(stage, gangs)
    for leaving in gangs[:2]:
        await pod_groups.delete(stage.api, leaving)
    await stage.wait_bound(gangs[2:], FIT_SECONDS)
    return Outcome([*alone, *gangs[2:]], time.monotonic() - began, refused, torn)


async def preempting(stage: Stage) -> Outcome:
    """A gang of high priority needs CPU of nodes where pods of low priority have all of it."""
    nodes = await stage.nodes()
    began = time.monotonic()
    for node in nodes:
        cpu = (await stage.api.get("Node", node))["status"]["allocatable"]["cpu"]
        await stage.api.create(workload.filler(f"filler-{node}", node, cpu, LOW))
    gang = Gang("urgent", stage.size, nodes=nodes, cpu="1", priority=HIGH)
    await stage.create(gang)
    await stage.wait_bound([gang], FIT_SECONDS)
    return Outcome([gang], time.monotonic() - began)


async def _together(stage: Stage, gangs: Sequence[Gang]) -> Outcome:
    began = time.monotonic()
    await each(stage.create, gangs)
    await stage.wait_bound(gangs)
    return Outcome(gangs, time.monotonic() - began)


async def _create_known(stage: Stage, gang: Gang) -> None:
    """Create pods whose claims are not there yet: we know them by the time the scheduler asks about them."""
    await each(lambda name: stage.api.create(pod_groups.member(gang, name)), gang.pods)
    await asyncio.sleep(REST_SECONDS)
    await each(lambda name: workload.create_claims(stage.api, name), gang.pods)


async def _without_nodes(stage: Stage, gangs: Sequence[Gang]) -> tuple[int, int]:
    """How many gangs have no pod with a node, and how many have some pods with a node and some without."""
    bound = await workload.bound(stage.api, [pod for gang in gangs for pod in gang.pods])
    counts = [sum(pod in bound for pod in gang.pods) for gang in gangs]
    torn = sum(0 < count < gang.size for count, gang in zip(counts, gangs, strict=True))
    return counts.count(0), torn
