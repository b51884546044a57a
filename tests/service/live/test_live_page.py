"""The examples of docs/live.md are what the service does."""

import re
from types import SimpleNamespace
from typing import cast

import pytest

from extender.core.cluster.changes import Changes
from extender.core.prediction.evaluate import Evaluation
from extender.model import DeviceID, Pod
from extender.model.kinds import RESOURCE_CLAIM
from extender.service.config import Config
from extender.service.live.delayed_releases import (
    BACK_TO_BACK_SECONDS,
    FILTERING_SECONDS,
    DelayedReleases,
)
from extender.service.live.in_flight import InFlight
from extender.service.live.likely_nodes import MOST_LIKELY, NUDGE_PERCENT, SHARE, likely_nodes, nudge
from tests import builders as b
from tests.paths import DOCS

PAGE = " ".join((DOCS / "live.md").read_text().split())
ROWS = re.findall(
    r"^\| ([\d, to]+) \| ([\d or]+)(?::[^|]*)? \|$", (DOCS / "live.md").read_text(), re.MULTILINE
)
GPU = DeviceID("gpu.nvidia.com", "node-a", "gpu-0")


def numbers(cell):
    return [int(number.replace(",", "")) for number in re.findall(r"[\d,]+", cell)]


def test_the_table_of_likely_nodes_is_found():
    """Five rows, the first of a range."""
    assert [numbers(best) for best, _ in ROWS] == [[1, 7], [8], [40], [500], [1000]]


@pytest.mark.parametrize(("best", "likely"), ROWS)
def test_likely_nodes_are_as_many_as_the_page_says(best, likely):
    """For each number of best nodes, whatever the pod's UID; each number of the row occurs."""
    first, *last = numbers(best)
    counts = {
        count_likely(size, f"job-{number}")
        for size in range(first, (last or [first])[0] + 1)
        for number in range(200)
    }
    assert counts == set(numbers(likely))


def count_likely(size, pod_name):
    """How many of ``size`` best nodes are likely; one more node is offered, which is worse."""
    names = [f"node-{number}" for number in range(size)]
    evaluation = cast("Evaluation[bytes]", SimpleNamespace(top=lambda _: names))
    found = likely_nodes(
        b.pod(pod_name),
        evaluation,
        [*names, "worse"],
        score_max=100,
        decisive=False,
        taken_nodes=(),
    )
    assert set(found.nodes) <= set(names)
    return len(found.nodes)


def test_the_numbers_about_likely_nodes():
    """One in eight, at most 64, 3 % of the highest score, in the scheduler's points."""
    assert (SHARE, MOST_LIKELY, NUDGE_PERCENT) == (8, 64, 3)
    assert "one in eight, at least one and at most 64" in PAGE
    assert "The raise is 3 % of `--score-max`, rounded down, but at least one point." in PAGE
    assert (nudge(100), nudge(10)) == (3, 1)
    worth = {weight: nudge(100) * weight * 10 for weight in (2, 20)}
    assert f"{worth[2]} at weight 2, and {worth[20]} at weight 20" in PAGE


def test_an_assumption_ends_as_in_the_example():
    """With the next request about the pod, or when its time is over."""
    seconds = Config().in_flight_seconds
    assert f"after `--in-flight-seconds` ({seconds:g})" in PAGE
    assert "at 12:00:00" in PAGE
    assert f"counts as free again at 12:00:{seconds:g}," in PAGE
    in_flight = InFlight(seconds)
    in_flight.assume("job-1", [b.holding("c", GPU)], ["node-a"], now=0.0)
    assert in_flight.drop_expired(now=seconds - 0.1) == ()
    assert in_flight.drop_expired(now=seconds) == (b.claim("c").key,)
    in_flight.assume("job-1", [b.holding("c", GPU)], ["node-a"], now=0.0)
    assert in_flight.drop_pod("job-1") == (b.claim("c").key,)


def test_a_release_is_delayed_as_in_the_example(clock):
    """The attempt about job-2 began before the release, the one about job-3 after it."""
    assert f"if that is more than {BACK_TO_BACK_SECONDS:g} s ago, {FILTERING_SECONDS:g} s before" in PAGE
    passed_on = []
    delayed = DelayedReleases(clock)
    start = clock.now
    delayed.apply(Changes.of(RESOURCE_CLAIM, [b.holding("c", GPU)], complete=True))

    def request(name):
        passed_on.extend(delayed.on_request(pod(name)).upserts(RESOURCE_CLAIM))

    def attempt():
        request("job-2")
        delayed.on_answer()

    def release():
        passed_on.extend(delayed.apply(Changes.of(RESOURCE_CLAIM, [b.claim("c")])).upserts(RESOURCE_CLAIM))

    events = [
        (9.9, delayed.on_answer),
        (10.0, release),
        (10.3, attempt),
        (10.8, lambda: request("job-3")),
    ]
    seen = {}
    for time, event in events:
        assert f"| {time} s |" in PAGE or f"released at {time} s" in PAGE
        clock.now = start + time
        event()
        seen[time] = [claim.name for claim in passed_on]
    assert seen == {9.9: [], 10.0: [], 10.3: [], 10.8: ["c"]}


def pod(name):
    return Pod("default", name, f"uid-{name}")
