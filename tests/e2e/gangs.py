"""
Gangs on a real control plane, with the gates for pod groups on:

    python -m tests.e2e.gangs --minor 1.36 --nodes 500 --gangs 40 --size 8

Each way of scheduling goes through each scenario: gangs that come at once, back to back, that do not fit
until others leave, and that preempt. Prints for each how many pods got devices, how many of them on one root,
how often the prediction was right, what is assumed at the end, and each prediction that did not come true.
``--plain`` creates the same pods without groups, and no gangs that do not fit. ``--topology`` turns placement
by topology on: each gang must go to machines of one type, whichever it is.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.e2e import fleet, gang_scenarios, pod_groups, workload
from tests.e2e.api import Api, Object, connect
from tests.e2e.control_plane import ControlPlane
from tests.e2e.documented import documented_pairs, sentence
from tests.e2e.gang_scenarios import Outcome, Scenario, Stage
from tests.e2e.measure import SETTLE_SECONDS, current_snapshot, dumped
from tests.e2e.releases import DEFAULT_MINOR, RELEASES, SCHEDULER_ONLY
from tests.e2e.ways import WAYS, Way, configured, matches, mismatch_words, served
from tests.printed import say
from tests.waves.judgement import Pairs

SCENARIOS: dict[str, Scenario] = {
    "at once": gang_scenarios.at_once,
    "back to back": gang_scenarios.back_to_back,
    "crowded": gang_scenarios.crowded,
    "preempting": gang_scenarios.preempting,
}
ON_ONE_TYPE = "on one type"
SCENARIOS_BY_TOPOLOGY: dict[str, Scenario] = {ON_ONE_TYPE: gang_scenarios.on_one_type}
"""What ``TOPOLOGY_GATE`` lets a group ask for."""
PLAIN = ("at once", "back to back")
"""The scenarios that make sense without groups."""


@dataclass(frozen=True)
class Result:
    """
    One scenario in one way.

    ``documented``, ``published``: the GPU-NIC pairs by both judges. ``matches``: claims by what became of
    their prediction, empty without us. ``assumed``: claims assumed at the end, when nothing is under way.
    """

    outcome: Outcome
    documented: Pairs
    published: Pairs
    matches: Counter[str]
    mismatches: Sequence[Object]
    assumed: int

    @property
    def pods(self) -> int:
        """How many got devices and are there at the end."""
        return sum(gang.size for gang in self.outcome.gangs)


async def play(
    plane: ControlPlane, api: Api, way: Way, scenarios: Sequence[str], gangs: int, size: int, *, plain: bool
) -> AsyncIterator[tuple[str, Result]]:
    """Go through scenarios in one way, on a fleet without pods, which has none after each."""
    served_as = ("--kubernetes", plane.version) if plane.minor in SCHEDULER_ONLY else ()
    async with served(plane, way, served_as) as extender:
        stage = Stage(api, plane.minor, gangs, size, plain, extender)
        url = extender.url if extender is not None else ""
        # Without filterVerb we would not be asked about pods with one feasible node.
        with plane.scheduler(configured(plane, way, url, filterVerb="filter")):
            for name in scenarios:
                before = matches(extender) if extender is not None else Counter[str]()
                seen = len(extender.mismatches()) if extender is not None else 0
                outcome = await (SCENARIOS | SCENARIOS_BY_TOPOLOGY)[name](stage)
                await asyncio.sleep(SETTLE_SECONDS)
                pods = [pod for gang in outcome.gangs for pod in gang.pods]
                allocated = await workload.allocations(api, pods)
                yield (
                    name,
                    Result(
                        outcome,
                        *documented_pairs(await current_snapshot(api, plane), allocated),
                        matches(extender) - before if extender is not None else before,
                        extender.mismatches()[seen:] if extender is not None else (),
                        stage.assumed,
                    ),
                )
                await pod_groups.clear(api, plane.minor, 300)


def main(arguments: Sequence[str]) -> int:
    """Play every way and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.gangs", description=__doc__)
    parser.add_argument("--minor", default=DEFAULT_MINOR, choices=sorted(pod_groups.SUPPORT))
    parser.add_argument("--nodes", type=int, default=500, help="generated nodes")
    parser.add_argument("--fleet", type=Path, help="a dump instead, JSON, gzipped or not")
    parser.add_argument("--gangs", type=int, default=40)
    parser.add_argument("--size", type=int, default=8, help="pods of each gang")
    parser.add_argument("--way", action="append", choices=[way.name for way in WAYS], help="only these")
    parser.add_argument("--scenario", action="append", choices=list(SCENARIOS), help="only these")
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument("--plain", action="store_true", help="without groups")
    kinds.add_argument("--topology", action="store_true", help="groups that ask for a topology")
    options = parser.parse_args(arguments)
    with (
        tempfile.TemporaryDirectory() as directory,
        pod_groups.start_with_groups(
            options.minor, Path(directory), *((pod_groups.TOPOLOGY_GATE,) if options.topology else ())
        ) as plane,
    ):
        asyncio.run(_measure(plane, options))
    return 0


async def _measure(plane: ControlPlane, options: argparse.Namespace) -> None:
    usual = SCENARIOS_BY_TOPOLOGY if options.topology else PLAIN if options.plain else SCENARIOS
    scenarios = options.scenario or list(usual)
    async with connect(plane) as api:
        await fleet.load(
            api, fleet.generated(options.nodes) if options.fleet is None else dumped(options.fleet)
        )
        say(f"kube-scheduler {RELEASES[plane.minor]}, {options.gangs} gangs of {options.size} pods")
        for way in WAYS:
            if way.name in (options.way or ("stock", "decisive, weight 150", "default, weight 20")):
                played = play(plane, api, way, scenarios, options.gangs, options.size, plain=options.plain)
                async for name, result in played:
                    _report(f"{way.name}, {'plain' if options.plain else 'gangs'} {name}", result)


def _report(words: str, result: Result) -> None:
    outcome, compared = result.outcome, result.matches.total()
    say(f"{words}: {result.pods} pods after {outcome.seconds:.1f} s")
    for judge, pairs in (("documented", result.documented), ("published", result.published)):
        say(f"    {sentence(judge, pairs)}")
    if outcome.refused or outcome.torn:
        say(f"    refused for a while: {outcome.refused} gangs; bound in part: {outcome.torn}")
    if compared:
        said = ", ".join(f"{count} {name}" for name, count in result.matches.most_common())
        right = 100 * result.matches["match"] / compared
        say(f"    as predicted: {right:.1f} % of {compared} claims ({said})")
        say(f"    assumed at the end: {result.assumed}")
    for each in result.mismatches:
        say(f"    {mismatch_words(each)}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
