"""What a soak is judged by, without a control plane."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import pytest

from tests.e2e import fleet
from tests.e2e.loop_lag import lag_between, later_than, percentile
from tests.e2e.soak_aims import HEADS, Exploded, Minute, agreement, compared, missed, pairs_of

GOOD = Minute(1, 600, 1700, Counter(match=600), 100.0, 0.005, 2, 300, 1, Exploded(1.5, ended=True))


def soak(count, **last):
    """Minutes that miss nothing, but for what is given of the last one."""
    minutes = [replace(GOOD, number=number) for number in range(1, count + 1)]
    return [*minutes[:-1], replace(minutes[-1], **last)]


@pytest.mark.parametrize(("count", "number"), [(1, 1), (2, 1), (3, 2), (9, 5), (10, 5), (30, 5)])
def test_memory_is_compared_with_the_fifth_minute_or_the_middle(count, number):
    """A short soak still compares two minutes, where it has two."""
    assert compared(soak(count)).number == number


@pytest.mark.parametrize(
    ("last", "left", "words"),
    [
        ({}, 0, None),
        ({"memory_mib": 125.0}, 0, None),
        ({"memory_mib": 126.0}, 0, "memory grew to 1.26 times that of minute 5"),
        ({}, 3, "3 claims are still assumed"),
        ({"matches": Counter(match=570, stale=30)}, 0, None),
        ({"matches": Counter(match=569, stale=30, wrong=1)}, 0, "agreement is 99.48%"),
    ],
)
def test_each_aim_can_be_missed(last, left, words):
    """At the bound none is; beyond it the one is said, and no other."""
    found = missed(soak(10, **last), left)
    assert (len(found), words is None or words in found[0]) == (words is not None, True)


def test_a_soak_in_which_nothing_happened_misses_its_aims():
    """No claim compared, and no search that exploded, is no agreement."""
    minutes = [replace(each, matches=Counter(), exploded=Exploded(0.1, ended=False)) for each in soak(3)]
    assert math.isnan(agreement(minutes))
    assert len(missed(minutes, 0)) == 2


def test_a_row_has_a_cell_for_each_head():
    """What was not right stands by result, the most frequent first."""
    cells = replace(GOOD, matches=Counter({"match": 5, "stale": 1, "wrong": 2})).cells()
    assert len(cells) == len(HEADS)
    assert dict(zip(HEADS, cells, strict=True)) | {"right": "5", "not right": "2 wrong, 1 stale"} == dict(
        zip(HEADS, cells, strict=True)
    )


def test_pairs_of_a_fleet():
    """As many on each node as the rarer kind has devices; NICs without RDMA are none."""

    def slice_(driver, node, *devices):
        return {"kind": "ResourceSlice", "spec": {"driver": driver, "nodeName": node, "devices": [*devices]}}

    nic = {"attributes": {"dra.net/rdma": {"bool": True}}}
    slow = {"attributes": {"dra.net/rdma": {"bool": False}}}
    documents = [
        {"kind": "Node"},
        slice_("gpu.nvidia.com", "a", {}, {}, {}),
        slice_("dra.net", "a", nic, nic, slow),
        slice_("gpu.amd.com", "b", {}),
        slice_("dra.net", "b", nic, nic),
        slice_("dra.net", "c", nic),
        slice_("gpu.nvidia.com", "d", {}),
        slice_("dra.cpu", "d", {}, {}),
    ]
    assert pairs_of(documents) == 3
    assert pairs_of(fleet.generated(20)) > 20


def test_percentile_of_a_minute():
    """Only what came between two readings counts; the bound of the bucket is what is told."""
    before = {0.01: 100.0, 0.02: 100.0, math.inf: 100.0}
    lag = lag_between(before, {0.01: 198.0, 0.02: 199.0, math.inf: 200.0})
    assert (percentile(lag, 0.98), percentile(lag, 0.99), percentile(lag, 1.0)) == (0.01, 0.02, math.inf)
    assert (later_than(lag, 0.01), later_than(lag, 0.02)) == (2, 1)
    assert math.isnan(percentile(lag_between(lag, lag), 0.99))
