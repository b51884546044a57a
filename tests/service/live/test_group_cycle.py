"""What requests say about the pod group that kube-scheduler has placed, or not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extender.service.live.group_cycle import GroupCycle
from tests import builders as b

CREW = ("default", "crew")
FIRST, SECOND = (replace(b.pod(name), pod_group="crew", scheduler="default") for name in ("job-1", "job-2"))
ALONE = replace(b.pod("alone"), scheduler="default")


@pytest.fixture
def cycle():
    """Two pods of a group wait."""
    found = GroupCycle()
    found.show([FIRST, SECOND, ALONE])
    return found


def asked(cycle, *pods):
    """The groups that have failed as the request about each pod says."""
    return [cycle.on_request(pod) for pod in pods]


@pytest.mark.parametrize("next_pod", [ALONE, replace(FIRST, name="other", pod_group="others")])
def test_a_group_of_which_a_pod_was_not_asked_about_has_failed(cycle, next_pod):
    """Its pod found no node; said once, with the first request about anything else."""
    assert asked(cycle, FIRST, FIRST, next_pod, next_pod) == [None, None, CREW, None]


def test_a_group_of_which_all_were_asked_about_may_run(cycle):
    """The API will show it."""
    assert asked(cycle, FIRST, SECOND, ALONE) == [None] * 3


@pytest.mark.parametrize("left", ["bound", "gone", "replaced"])
def test_pods_that_do_not_wait_need_no_node(cycle, left):
    """A pod that replaces another of its name waits in its place."""
    if left == "gone":
        cycle.remove(SECOND)
    else:
        cycle.show([replace(SECOND, node_name="n" if left == "bound" else "", uid="other")])
    assert asked(cycle, FIRST, ALONE) == [None, CREW if left == "replaced" else None]


def test_a_retry_is_judged_by_itself(cycle):
    """The first pod that is asked about again begins it."""
    assert asked(cycle, FIRST, SECOND, FIRST, ALONE) == [None, None, None, CREW]


def test_another_scheduler_says_nothing(cycle):
    """It works at the same time."""
    theirs = replace(ALONE, scheduler="theirs")
    assert asked(cycle, FIRST, theirs, SECOND, ALONE) == [None] * 4


def test_nothing_is_kept_of_groups_that_run(cycle):
    """Nor of pods without a group."""
    cycle.show([replace(pod, node_name="n") for pod in (FIRST, SECOND)])
    assert not cycle._waiting


def test_a_pod_that_was_asked_about_before_the_api_shows_it_does_not_wait(cycle):
    """The group need not have failed; a later state of the pod is shown like any other."""
    late = replace(FIRST, name="job-3", uid="u3")
    cycle.expect(late)
    cycle.show([late])
    assert asked(cycle, FIRST, SECOND, ALONE) == [None] * 3
    cycle.show([late])
    assert asked(cycle, FIRST, SECOND, ALONE) == [None, None, CREW]
