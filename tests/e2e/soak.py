"""
Let pods come and go for long on a real control plane, and see whether anything grows or is left behind.

    python -m tests.e2e.soak --nodes 500 --minutes 30

Pods with a claim for a GPU and a NIC are created at a bounded rate; once they fill half of the fleet, the
oldest goes for each that comes. Meanwhile slices are published again, every other one with devices that say
the same and the rest with another attribute, and each minute a claim is created and asked about whose search
the budget ends. Prints a row of a table for each minute. At the end all pods are removed, and what is still
assumed is said. Status 1 where an aim of ``tests.e2e.soak_aims`` is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tests.attacks.exploding import exploding
from tests.e2e import costly_claims, fleet, workload
from tests.e2e.api import Api, connect
from tests.e2e.churn import Done, coming_and_going, publishing
from tests.e2e.control_plane import ControlPlane, start
from tests.e2e.extender_server import Extender, until
from tests.e2e.loop_lag import Below, lag_between, lag_of, percentile
from tests.e2e.measure import dumped
from tests.e2e.process import NotReady
from tests.e2e.releases import DEFAULT_MINOR, RELEASES
from tests.e2e.soak_aims import HEADS, Exploded, Minute, agreement, compared, missed, pairs_of
from tests.e2e.ways import WAYS, configured, matches, mismatch_words, served
from tests.printed import say, table_row
from tests.process_memory import memory_mib

MINUTE_SECONDS = 60.0
ASKED_GPUS = 6
"""
And as many NICs, each in a request of its own: on a node that has so many GPUs free, and fewer NICs, all
orders of GPUs are tried.
"""
CLEAR_SECONDS = 900.0
NOBODY = "nobody"
"""The scheduler of the pods that explode: that of the cluster would be busy with nothing else."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is counted from the start, at one moment."""

    bound: int
    matches: Counter[str]
    lag: Below
    published: int
    neutral: int


class _Soak:
    """One run: ``come``, ``published`` are under way; ``names``: the nodes."""

    def __init__(
        self, api: Api, extender: Extender, come: Done, published: Done, names: Sequence[str]
    ) -> None:
        self._api, self._extender, self._names = api, extender, names
        self._come, self._published = come, published
        self._session = aiohttp.ClientSession()

    async def minutes(self, count: int) -> list[Minute]:
        """A row for each minute."""
        made: list[Minute] = []
        before, _ = await self._seen()
        began = time.monotonic()
        async with self._session:
            for number in range(1, count + 1):
                exploded = await self._explode(f"exploding-{number}")
                await asyncio.sleep(max(0.0, began + MINUTE_SECONDS * number - time.monotonic()))
                now, present = await self._seen()
                made.append(
                    Minute(
                        number,
                        now.bound - before.bound,
                        present,
                        now.matches - before.matches,
                        memory_mib(self._extender.process.pid),
                        percentile(lag_between(before.lag, now.lag), 0.99),
                        int(self._extender.metric("in_flight_claims")),
                        now.published - before.published,
                        now.neutral - before.neutral,
                        exploded,
                    )
                )
                table_row(*made[-1].cells())
                before = now
        return made

    async def _seen(self) -> tuple[_Seen, int]:
        """What is counted so far, and the pods that are there and bound."""
        pods = await self._api.list_all("Pod", workload.NAMESPACE)
        present = {pod["metadata"]["name"] for pod in pods if pod["spec"].get("nodeName")}
        seen = _Seen(
            len(self._come.names | present),
            matches(self._extender),
            lag_of(self._extender),
            self._published.count,
            int(self._extender.metric("neutral_answers_total")),
        )
        return seen, len(present)

    async def _explode(self, name: str) -> Exploded:
        """Create a pod whose claim explodes, ask about it for all nodes, and delete it."""
        # A selector of its own: what was found out about the claim before it says nothing of this one.
        requests = exploding(ASKED_GPUS, f"'{name}' != ''")
        pod = await costly_claims.create(self._api, name, requests, schedulerName=NOBODY)
        before, began = self._ended(), time.monotonic()
        body = {"Pod": pod, "NodeNames": self._names}
        async with self._session.post(f"{self._extender.url}/prioritize", json=body) as answer:
            answer.raise_for_status()
            await answer.read()
        seconds = time.monotonic() - began
        await workload.delete_pair(self._api, name)
        return Exploded(seconds, self._ended() > before)

    def _ended(self) -> float:
        """Nodes of which a budget left nothing to say, and answers that took too long."""
        slow = self._extender.metric("neutral_answers_total", reason="too-slow")
        return slow + self._extender.metric("predictions_total", outcome="unknown")


def main(arguments: Sequence[str]) -> int:
    """Run it, print the table and what was missed; 1 where anything was."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.soak", description=__doc__)
    parser.add_argument("--minor", default=DEFAULT_MINOR, choices=sorted(RELEASES))
    parser.add_argument("--nodes", type=int, default=500, help="generated nodes")
    parser.add_argument("--fleet", type=Path, help="a dump instead, JSON, gzipped or not")
    parser.add_argument("--minutes", type=int, default=30)
    parser.add_argument("--pods-per-second", type=float, default=10.0, metavar="N")
    parser.add_argument("--publish-per-second", type=float, default=5.0, metavar="N", help="slices")
    asking = [way.name for way in WAYS if way.weight]
    parser.add_argument("--way", default="decisive, weight 150", choices=asking, help="how to be asked")
    options = parser.parse_args(arguments)
    if options.minutes < 1:
        parser.error("--minutes: expected at least 1")
    with tempfile.TemporaryDirectory() as directory, start(options.minor, Path(directory)) as plane:
        minutes, left, mismatches = asyncio.run(_soak(plane, options))
    for each in mismatches:
        say(each)
    growth = minutes[-1].memory_mib / compared(minutes).memory_mib
    say(
        f"agreement {agreement(minutes):.2%}; memory at the end {growth:.2f} times that of minute "
        f"{compared(minutes).number}; left assumed: {left}"
    )
    aims = missed(minutes, left)
    for sentence in aims:
        say(f"missed: {sentence}")
    return 1 if aims else 0


async def _soak(plane: ControlPlane, options: argparse.Namespace) -> tuple[list[Minute], int, list[str]]:
    """The minutes, the claims that are assumed when all pods are gone, and the newest mismatches."""
    documents = fleet.generated(options.nodes) if options.fleet is None else dumped(options.fleet)
    names = [document["metadata"]["name"] for document in documents if document["kind"] == "Node"]
    present = pairs_of(documents) // 2
    way = next(way for way in WAYS if way.name == options.way)
    async with connect(plane) as api:
        await fleet.load(api, documents)
        say(f"Kubernetes {plane.version}, {len(names)} nodes, {present} pods, {way.name}")
        async with served(plane, way) as extender:
            assert extender is not None
            with plane.scheduler(configured(plane, way, extender.url)):
                table_row(*HEADS)
                table_row(*["---"] * len(HEADS))
                seconds = MINUTE_SECONDS * options.minutes + CLEAR_SECONDS
                async with (
                    coming_and_going(api, present, options.pods_per_second) as come,
                    publishing(api, options.publish_per_second, seconds, alike=True) as published,
                ):
                    minutes = await _Soak(api, extender, come, published, names).minutes(options.minutes)
                await workload.clear(api, CLEAR_SECONDS)
                left = await _left_assumed(extender)
            return minutes, left, [mismatch_words(each) for each in extender.mismatches()]


async def _left_assumed(extender: Extender) -> int:
    """The claims that stay assumed when all pods are gone."""
    try:
        await until(lambda: not extender.metric("in_flight_claims"), "nothing is assumed")
    except NotReady:
        return int(extender.metric("in_flight_claims"))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
