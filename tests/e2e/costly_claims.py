"""
Claims that cost much to judge, created among many ordinary pods on a real control plane::

    python -m tests.e2e.costly_claims --repeats 2

Binds 300 pods alone and among ten pods whose claims have costly selectors and ten whose claims make
searches explode, with the stock scheduler and with our extender, in turn, and prints the rates.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import yaml

from tests.attacks import costly_claims
from tests.attacks.exploding import exploding
from tests.e2e import fleet, scheduler_config, workload
from tests.e2e.api import Api, Object, connect, each
from tests.e2e.control_plane import ControlPlane, start
from tests.e2e.extender_server import Extender, ready, serving, until
from tests.e2e.loop_lag import lag_of, later_than
from tests.e2e.releases import DEFAULT_MINOR, RELEASES
from tests.e2e.workload import NAMESPACE, NIC_CLASS

COPIES = 3
"""Of the recording's 24 nodes."""
ORDINARY = 300
COSTLY = 10
"""Claims with costly selectors, and as many that make searches explode."""
EXPLODING = (3, 4)
"""How many GPUs and NICs each of the claims asks for, in requests of their own."""
BOUND_SECONDS = 300.0
SAMPLE = scheduler_config.FOLDER / "score-alignment-first.yaml"
LATE = (0.02, 0.05, 0.1, 0.5)
"""Bounds of buckets of the event loop's lag, in seconds."""

UUID = costly_claims.UUID
SELECTORS = (
    f"lists.range(20).all(x, lists.range(20).all(y, x >= 0 && y >= 0 && {UUID} != '' && x + y < 300))",
    f"lists.range(25).all(x, lists.range(25).all(y, {UUID} != ''))",
    f"('{'a' * 4000}' + {UUID}).findAll('a').size() > 1",
    f"lists.range(400).transformMap(i, x, x).size() > 0 && {UUID} != ''",
)
"""
Each takes some thousand units of work for one of 381 GPUs, and ``findAll`` more than the limit.

They cost the scheduler little: at the limits of Kubernetes they would slow it down by themselves, so
that what we add could not be seen.
"""


@dataclass(frozen=True, slots=True)
class Placed:
    """
    ``rate``: ordinary pods bound in a second. ``wrong``: claims of these allocated otherwise than predicted.

    ``lag``: how often the event loop was later than so many seconds. ``neutral``: answers without an opinion.
    """

    rate: float
    wrong: Sequence[Object] = ()
    lag: Mapping[float, int] = field(default_factory=dict)
    neutral: int = 0

    def line(self) -> str:
        late = ", ".join(f"{count} over {seconds * 1000:g} ms" for seconds, count in self.lag.items())
        wrong = dict(Counter(found["result"] for found in self.wrong))
        return f"{self.rate:5.1f} pods/s, not as predicted {wrong}, {self.neutral} neutral, loop late {late}"


async def place(api: Api, extender: Extender | None, run: str, *, costly: bool) -> Placed:
    """Bind the ordinary pods, with a scheduler that runs; ``extender``: the one that it asks."""
    before = _Counts.of(extender) if extender is not None else None
    ordinary = [f"pair-{run}-{number}" for number in range(ORDINARY)]
    turns: list[Callable[[], Coroutine[object, object, object]]] = [
        partial(workload.create_pair, api, name) for name in ordinary
    ]
    for number in reversed(range(COSTLY if costly else 0)):
        at = number * ORDINARY // COSTLY
        turns[at:at] = [
            partial(create, api, f"costly-{run}-{number}", _selecting(number)),
            partial(create, api, f"exploding-{run}-{number}", exploding(EXPLODING[number % len(EXPLODING)])),
        ]
    began = time.monotonic()
    await each(lambda turn: turn(), turns)
    await workload.wait_bound(api, ordinary, BOUND_SECONDS)
    rate = ORDINARY / (time.monotonic() - began)
    if extender is None or before is None:
        return Placed(rate)
    await until(lambda: extender.matches() >= before.compared + ORDINARY, "all compared")
    after = _Counts.of(extender)
    mine = f"{NAMESPACE}/pair-{run}-"
    return Placed(
        rate,
        [found for found in extender.mismatches() if found["pod"].startswith(mine)],
        {seconds: count - before.late[seconds] for seconds, count in after.late.items()},
        after.neutral - before.neutral,
    )


@dataclass(frozen=True, slots=True)
class _Counts:
    """Claims compared, answers without an opinion, and how often the loop was late by each of ``LATE``."""

    compared: int
    neutral: int
    late: dict[float, int]

    @classmethod
    def of(cls, extender: Extender) -> _Counts:
        lag = lag_of(extender)
        return cls(
            extender.matches(),
            int(extender.metric("neutral_answers_total")),
            {seconds: later_than(lag, seconds) for seconds in LATE},
        )


async def create(api: Api, name: str, requests: list[Object], **spec: object) -> Object:
    """
    A pod with one claim of these requests, which is named as for an ordinary one; as the server stored it.

    ``spec``: further fields of the pod.
    """
    metadata = {"name": f"{name}-0", "namespace": NAMESPACE}
    await api.create(
        {
            "apiVersion": "resource.k8s.io/v1",
            "kind": "ResourceClaim",
            "metadata": metadata,
            "spec": {"devices": {"requests": requests}},
        }
    )
    document = workload.pod(name, workload.Ask.ONE_CLAIM)
    return await api.create({**document, "spec": {**document["spec"], **spec}})


def _selecting(number: int) -> list[Object]:
    selectors = [{"cel": {"expression": SELECTORS[number % len(SELECTORS)]}}]
    gpu = {"deviceClassName": "gpu.nvidia.com", "selectors": selectors}
    return [{"name": "gpu", "exactly": gpu}, {"name": "nic", "exactly": {"deviceClassName": NIC_CLASS}}]


def fleet_of_copies() -> list[Object]:
    """Copies of the recording's nodes, in which each GPU is different from all others."""
    return fleet.items_of(costly_claims.cluster(COPIES, []))


def sample(plane: ControlPlane, url: str) -> Path:
    """The configuration of a scheduler that asks the extender at ``url`` and is not slowed down itself."""
    config = scheduler_config.sample(plane, SAMPLE, url)
    document = yaml.safe_load(config.read_text())
    document["clientConnection"] |= dict.fromkeys(("qps", "burst"), scheduler_config.REQUESTS_PER_SECOND)
    config.write_text(yaml.safe_dump(document))
    return config


async def _measure(plane: ControlPlane, repeats: int) -> None:
    async with connect(plane) as api:
        await fleet.load(api, fleet_of_copies())
        with serving(plane.directory, "--kubeconfig", plane.kubeconfig, "--decisive") as extender:
            await until(partial(ready, extender), "ready")
            ways = (("stock", None), ("ours", extender))
            for number in range(repeats):
                for costly in (False, True):
                    for way, asked in ways:
                        config = scheduler_config.stock(plane) if asked is None else sample(plane, asked.url)
                        run = f"{way}-{number}-{'costly' if costly else 'alone'}"
                        with plane.scheduler(config):
                            placed = await place(api, asked, run, costly=costly)
                        sys.stdout.write(f"{run:16} {placed.line()}\n")
                        sys.stdout.flush()
                        await workload.clear(api, BOUND_SECONDS)


def main() -> None:
    """Run both ways in turn and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--minor", default=DEFAULT_MINOR, choices=sorted(RELEASES))
    parser.add_argument("--repeats", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory, start(options.minor, Path(directory)) as plane:
        asyncio.run(_measure(plane, options.repeats))


if __name__ == "__main__":
    main()
