"""Scores put together: weights, what is left out, and what comes from elsewhere."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extender.core.scheduling import DEFAULT_PROFILE, Profile, scores
from extender.core.scheduling.dynamic_resources import allocation_score
from extender.core.scheduling.rules import RULES
from extender.core.scheduling.scoring import plugin_scores
from extender.core.scheduling.scoring_strategy import ScoringStrategy, StrategyType, strategy_score
from extender.core.scheduling.spread_constraints import default_selector
from extender.model import (
    Allocation,
    ClaimSpec,
    DeviceID,
    DeviceResult,
    ExactRequest,
    Request,
    Taint,
    Toleration,
)
from extender.model.quantity import parse_quantity
from extender.model.scheduling import LabelRequirement, LabelSelector
from tests import builders as b

HOST = "kubernetes.io/hostname"
TAINTED = b.scheduling_node("t", taints=(Taint("a", "PreferNoSchedule"),))
TWO = b.scheduling_nodes(b.scheduling_node("n"), TAINTED)
HALF = (("cpu", parse_quantity("4")), ("memory", parse_quantity("8Gi")))


def test_weights():
    """The total is the weighted sum; a plugin without a weight does not count."""
    plain = scores(b.scheduling_pod(), TWO, (0, 1), b.NEWEST)
    assert plain.totals[0] - plain.totals[1] == 3 * 100
    without = Profile(weights={"NodeResourcesFit": 5})
    fit = dict(plugin_scores(b.scheduling_pod(), TWO, (0, 1), b.NEWEST))["NodeResourcesFit"]
    found = scores(b.scheduling_pod(), TWO, (0, 1), b.NEWEST, profile=without)
    assert list(found.totals) == [5 * score for score in fit.normalised]


@pytest.mark.parametrize(("effect", "count"), [("", 0), ("PreferNoSchedule", 0), ("NoSchedule", 1)])
def test_taints_to_avoid(effect, count):
    """A toleration without an effect is for all effects."""
    pod = b.scheduling_pod(tolerations=(Toleration("a", "Exists", effect=effect),))
    found = dict(plugin_scores(pod, TWO, (0, 1), b.NEWEST))["TaintToleration"]
    assert list(found.raw) == [0, count]


def test_no_feasible_nodes():
    assert scores(b.scheduling_pod(), TWO, (), b.NEWEST).totals == []


@pytest.mark.parametrize(("minor", "normalised"), [("1.34", None), ("1.35", [100, 50]), ("1.37", [100, 50])])
def test_dynamic_resources_score(minor, normalised):
    """It counts for what it is beside the most, and not at all in 1.34."""
    rules, pod = RULES[minor], b.scheduling_pod()
    nodes = b.scheduling_nodes(b.scheduling_node("a"), b.scheduling_node("b"))
    found = dict(plugin_scores(pod, nodes, (0, 1), rules, dra_raw=(8, 4))).get("DynamicResources")
    assert (None if found is None else list(found.normalised)) == normalised
    assert DEFAULT_PROFILE.weights["DynamicResources"] == 2


def test_allocation_score():
    """The first alternative is worth 8, the next one less; plain requests are worth nothing."""
    spec = ClaimSpec(
        "s",
        requests=(
            Request("plain", ExactRequest("plain", "gpu")),
            Request("any", first_available=(ExactRequest("big", "gpu"), ExactRequest("small", "gpu"))),
        ),
    )

    def got(*requests):
        return Allocation(tuple(DeviceResult(each, DeviceID("d", "p", "x")) for each in requests))

    assert allocation_score([(spec, got("plain", "any/big"))]) == 8
    assert allocation_score([(spec, got("any/small", "any/small")), (spec, got("any/big"))]) == 15


@pytest.mark.parametrize(
    ("minor", "fields", "expected"),
    [
        ("1.37", {"pod_requests": HALF}, 87),
        ("1.38", {"pod_requests": HALF}, 50),
        ("1.37", {"pod_allocated": HALF, "pod_actual": HALF, "pod_reported": True}, 87),
        ("1.38", {"pod_allocated": HALF, "pod_actual": HALF, "pod_reported": True}, 50),
    ],
)
def test_fit_of_the_whole_pod(minor, fields, expected):
    """From 1.38 on NodeResourcesFit rates what the pod as a whole requests, and what its status says."""
    pod = b.scheduling_pod(resources=replace(b.containers({"cpu": "1", "memory": "2Gi"}), **fields))
    nodes = b.scheduling_nodes(b.scheduling_node())
    assert list(dict(plugin_scores(pod, nodes, (0,), RULES[minor]))["NodeResourcesFit"].raw) == [expected]


def test_default_spread():
    """Of a pod that a service selects, nodes with fewer of its pods score higher."""
    web = b.scheduling_pod("w", labels={"app": "web"})
    selector = default_selector(web, [{"app": "web"}, {"app": "db"}])
    assert selector == LabelSelector((LabelRequirement("app", "In", ("web",)),))
    nodes = b.scheduling_nodes(
        (b.scheduling_node("a", labels={HOST: "a"}), [web]), b.scheduling_node("b", labels={HOST: "b"})
    )
    found = dict(plugin_scores(web, nodes, (0, 1), b.NEWEST, default_selector=selector))
    few, none = found["PodTopologySpread"].normalised
    assert few < none == 100


def test_nothing_selects():
    """A service without labels in its selector, or of other labels, selects by nothing."""
    assert default_selector(b.scheduling_pod(labels={"app": "web"}), [{}, {"app": "db"}]) is None


@pytest.mark.parametrize(
    ("kind", "used", "expected"),
    [
        (StrategyType.LEAST_ALLOCATED, 25, 75),
        (StrategyType.LEAST_ALLOCATED, 101, 0),
        (StrategyType.MOST_ALLOCATED, 25, 25),
        (StrategyType.MOST_ALLOCATED, 101, 100),
        (StrategyType.REQUESTED_TO_CAPACITY_RATIO, 25, 38),
        (StrategyType.REQUESTED_TO_CAPACITY_RATIO, 101, 0),
        (StrategyType.REQUESTED_TO_CAPACITY_RATIO, 10, 20),
    ],
)
def test_strategies(kind, used, expected):
    """The shape rises from 2 at 10 % to 10 at 75 % and falls to 0 at 100 %."""
    strategy = ScoringStrategy(kind, (("cpu", 1),), ((10, 2), (75, 10), (100, 0)))
    assert strategy_score(strategy, [used], [100]) == expected


@pytest.mark.parametrize(("requested", "expected"), [([50, 75], 50), ([75, 100], 83), ([100, 75], 67)])
def test_mean_of_ratios(requested, expected):
    """A resource of score 0 does not count; the weighted mean of the others is rounded."""
    shape = ((0, 0), (50, 0), (100, 10))
    strategy = ScoringStrategy(StrategyType.REQUESTED_TO_CAPACITY_RATIO, (("cpu", 1), ("memory", 2)), shape)
    assert strategy_score(strategy, requested, [100, 100]) == expected


def test_resources_without_capacity_do_not_count():
    strategy = ScoringStrategy(resources=(("cpu", 1), ("memory", 9)))
    assert strategy_score(strategy, [50, 0], [100, 0]) == 50
    assert strategy_score(strategy, [0, 0], [0, 0]) == 0
