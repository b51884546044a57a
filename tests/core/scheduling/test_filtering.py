"""Filters put together: the first plugin that refuses gives the reason."""

from __future__ import annotations

import pytest

from extender.core.scheduling import FilterCode, feasible, render_filter
from extender.core.scheduling.rules import RULES
from extender.core.scheduling.scoring import plugin_scores
from extender.model import NodeRequirement, NodeSelector, NodeSelectorTerm, Taint, Toleration
from extender.model.scheduling import (
    AffinityTerm,
    HostPort,
    LabelRequirement,
    LabelSelector,
    PodAffinity,
    PreferredNodes,
    SpreadConstraint,
)
from tests import builders as b

GPU = Taint("gpu", "NoSchedule", "a100")
WEB = LabelSelector((LabelRequirement("app", "In", ("web",)),))
ZONE_A = {"zone": "a"}


def refusal(pod, node, *on_it, rules=b.NEWEST, dra=frozenset()):
    found = feasible(pod, b.scheduling_nodes((node, on_it)), rules, dra)
    assert found.not_modelled == ()
    return found.refusals[0]


def code(*args, **options):
    found = refusal(*args, **options)
    return found and found.code


def test_a_node_that_fits():
    assert refusal(b.scheduling_pod(), b.scheduling_node()) is None


@pytest.mark.parametrize(
    ("pod", "node", "expected"),
    [
        ({}, {"unschedulable": True}, FilterCode.NODE_UNSCHEDULABLE),
        ({"node_name": "m"}, {}, FilterCode.NODE_NAME),
        ({}, {"taints": (GPU,)}, FilterCode.TAINT),
        ({"tolerations": (Toleration("gpu", value="a100"),)}, {"taints": (GPU,)}, None),
        ({"tolerations": (Toleration("gpu", value="h100"),)}, {"taints": (GPU,)}, FilterCode.TAINT),
        ({}, {"taints": (Taint("a", "PreferNoSchedule"),)}, None),
        ({"node_selector": (("disk", "ssd"),)}, {"labels": {"disk": "ssd"}}, None),
        ({"node_selector": (("disk", "ssd"),)}, {"labels": {"disk": "hdd"}}, FilterCode.NODE_AFFINITY),
        ({"cpu": "9"}, {}, FilterCode.INSUFFICIENT_RESOURCE),
        ({}, {"pods": "0"}, FilterCode.TOO_MANY_PODS),
        ({"node_features": ("VolumeBindMountOptions",)}, {}, FilterCode.NODE_FEATURE),
        (
            {"node_features": ("VolumeBindMountOptions",)},
            {"declared_features": ("VolumeBindMountOptions",)},
            None,
        ),
        ({"spread": (SpreadConstraint("zone", 1, required=True),)}, {}, FilterCode.SPREAD_LABEL_MISSING),
    ],
)
def test_single_refusals(pod, node, expected):
    assert code(b.scheduling_pod(**pod), b.scheduling_node(**node)) == expected


def test_order_of_reasons():
    """A cordoned node that is tainted and too small is cordoned first."""
    node = b.scheduling_node(cpu="0", unschedulable=True, taints=(GPU,))
    assert code(b.scheduling_pod(), node) is FilterCode.NODE_UNSCHEDULABLE


def test_reasons_say_what():
    """The parameters name the taint and the resource."""
    taint = refusal(b.scheduling_pod(), b.scheduling_node(taints=(GPU,)))
    assert render_filter(taint) == "the node has taint gpu=a100:NoSchedule, which the pod does not tolerate"
    little = refusal(b.scheduling_pod(memory="99Gi"), b.scheduling_node())
    assert render_filter(little) == "the node has too little memory left"


def test_pods_on_the_node_take_their_part():
    assert code(b.scheduling_pod(cpu="5"), b.scheduling_node(), b.scheduling_pod("a", cpu="4")) is (
        FilterCode.INSUFFICIENT_RESOURCE
    )


@pytest.mark.parametrize(
    ("wanted", "used", "conflict"),
    [
        (HostPort(80), HostPort(80), True),
        (HostPort(80), HostPort(81), False),
        (HostPort(80), HostPort(80, "UDP"), False),
        (HostPort(80, ip="10.0.0.1"), HostPort(80), True),
        (HostPort(80), HostPort(80, ip="10.0.0.1"), True),
        (HostPort(80, ip="10.0.0.1"), HostPort(80, ip="10.0.0.2"), False),
    ],
)
def test_host_ports(wanted, used, conflict):
    """A port of all addresses is in conflict with the same port of any."""
    other = b.scheduling_pod("a", host_ports=(used,))
    found = code(b.scheduling_pod(host_ports=(wanted,)), b.scheduling_node(), other)
    assert (found is FilterCode.HOST_PORT) is conflict


@pytest.mark.parametrize(
    ("minor", "offered", "expected"),
    [
        ("1.35", "", FilterCode.INSUFFICIENT_RESOURCE),
        ("1.36", "", None),
        ("1.36", "1", FilterCode.INSUFFICIENT_RESOURCE),
        ("1.36", "0", None),
    ],
)
def test_extended_resources_of_a_device_class(minor, offered, expected):
    """Where no device plugin offers the resource, DynamicResources decides."""
    node = b.scheduling_node()
    if offered:
        more = b.containers({"example.com/gpu": offered}).containers[0].requests
        node = b.scheduling_node(allocatable=tuple(sorted((*node.allocatable, *more))))
    pod = b.scheduling_pod(resources=b.containers({"example.com/gpu": "2"}))
    assert code(pod, node, rules=RULES[minor], dra=frozenset({"example.com/gpu"})) == expected
    assert code(pod, node, rules=RULES[minor]) is FilterCode.INSUFFICIENT_RESOURCE


def test_fields_tell_nodes_apart():
    """Also nodes that are equal in all labels."""
    named = NodeSelectorTerm((), (NodeRequirement("metadata.name", "In", ("a",)),))
    nodes = b.scheduling_nodes(b.scheduling_node("b"), b.scheduling_node("a"))
    pod = b.scheduling_pod(required_nodes=NodeSelector((named,)))
    assert feasible(pod, nodes, b.NEWEST).feasible == (1,)
    wish = b.scheduling_pod(preferred_nodes=(PreferredNodes(1, named),))
    raw = dict(plugin_scores(wish, nodes, (0, 1), b.NEWEST))["NodeAffinity"].raw
    assert list(raw) == [0, 1]


def test_terms_that_cannot_be_parsed_match_nothing():
    """The other terms still do."""
    bad = NodeSelectorTerm((NodeRequirement("disk", "Near", ("ssd",)),))
    good = NodeSelectorTerm((NodeRequirement("disk", "Exists"),))
    node = b.scheduling_node(labels={"disk": "ssd"})
    assert code(b.scheduling_pod(required_nodes=NodeSelector((bad,))), node) is FilterCode.NODE_AFFINITY
    assert code(b.scheduling_pod(required_nodes=NodeSelector((bad, good))), node) is None


def test_anti_affinity_works_both_ways():
    """The pod avoids others, and others avoid it."""
    avoid = PodAffinity(required_anti=(AffinityTerm("zone", WEB),))
    node = b.scheduling_node(labels=ZONE_A)
    web = b.scheduling_pod("web", labels={"app": "web"})
    assert code(b.scheduling_pod(affinity=avoid), node, web) is FilterCode.POD_ANTI_AFFINITY
    shy = b.scheduling_pod("shy", affinity=avoid)
    assert code(web, node, shy) is FilterCode.EXISTING_ANTI_AFFINITY
    assert code(b.scheduling_pod(labels={"app": "db"}), node, shy) is None


def test_lists_that_cannot_be_parsed_do_not_count():
    """Of a pod on a node; its other lists do."""
    bad = AffinityTerm("zone", LabelSelector((LabelRequirement("app", "Near"),)))
    avoid, node = AffinityTerm("zone", WEB), b.scheduling_node(labels=ZONE_A)
    web = b.scheduling_pod("web", labels={"app": "web"})
    unsure = b.scheduling_pod("unsure", affinity=PodAffinity(required_anti=(avoid, bad)))
    sure = b.scheduling_pod("sure", affinity=PodAffinity(required=(bad,), required_anti=(avoid,)))
    assert code(web, node, unsure) is None
    assert code(web, node, sure) is FilterCode.EXISTING_ANTI_AFFINITY


def test_the_first_of_a_group():
    """A pod that has to be near its like goes anywhere while there is none, and near it then."""
    pod = b.scheduling_pod(labels={"app": "web"}, affinity=PodAffinity((AffinityTerm("zone", WEB),)))
    empty, other = b.scheduling_node("a", labels=ZONE_A), b.scheduling_node("b", labels={"zone": "b"})
    assert feasible(pod, b.scheduling_nodes(empty, other), b.NEWEST).feasible == (0, 1)
    assert feasible(pod, b.scheduling_nodes(empty, (other, [pod])), b.NEWEST).feasible == (1,)
    assert code(pod, b.scheduling_node("no-zone")) is FilterCode.POD_AFFINITY


def test_spread():
    """With the pod no zone may have more than ``maxSkew`` above the emptiest."""
    pod = b.scheduling_pod(
        labels={"app": "web"}, spread=(SpreadConstraint("zone", 1, required=True, selector=WEB),)
    )
    full, free = b.scheduling_node("a", labels=ZONE_A), b.scheduling_node("b", labels={"zone": "b"})
    found = feasible(pod, b.scheduling_nodes((full, [pod]), free), b.NEWEST)
    assert found.refusals[0] is not None
    assert found.refusals[0].code is FilterCode.SPREAD_SKEW
    assert found.feasible == (1,)


def spread(*nodes, **fields):
    """Where a web pod may go that is to be spread over zones."""
    constraint = SpreadConstraint("zone", 1, required=True, selector=WEB, **fields)
    pod = b.scheduling_pod(labels={"app": "web"}, spread=(constraint,))
    return feasible(pod, b.scheduling_nodes(*nodes), b.NEWEST).feasible


def zone(name, *pods, **fields):
    return b.scheduling_node(name, labels={"zone": name}, **fields), pods


def test_terminating_pods_do_not_count_for_spreading():
    gone = b.scheduling_pod("gone", labels={"app": "web"}, deleting=True)
    assert spread(zone("a", gone), zone("b")) == (0, 1)


@pytest.mark.parametrize(("minor", "expected"), [("1.37", (0, 1)), ("1.38", (1,))])
def test_spread_of_all_pods(minor, expected):
    """A selector without requirements selects all pods of the namespace, and counts from 1.38 on."""
    constraint = SpreadConstraint("zone", 1, required=True, selector=LabelSelector())
    pod = b.scheduling_pod(spread=(constraint,))
    nodes = b.scheduling_nodes(zone("a", b.scheduling_pod("other")), zone("b"))
    assert feasible(pod, nodes, RULES[minor]).feasible == expected


def test_spread_without_a_selector():
    """It counts no pod, in every release."""
    pod = b.scheduling_pod(spread=(SpreadConstraint("zone", 1, required=True),))
    nodes = b.scheduling_nodes(zone("a", b.scheduling_pod("other")), zone("b"))
    assert feasible(pod, nodes, b.NEWEST).feasible == (0, 1)


def test_too_few_domains():
    """With fewer zones than ``minDomains`` the emptiest counts as empty."""
    web = b.scheduling_pod("web", labels={"app": "web"})
    assert spread(zone("a", web), zone("b", web)) == (0, 1)
    assert spread(zone("a", web), zone("b", web), min_domains=3) == ()


@pytest.mark.parametrize(("honor_taints", "expected"), [(False, ()), (True, (1,))])
def test_zones_that_do_not_count(honor_taints, expected):
    """An empty zone whose nodes the pod does not tolerate counts, unless the policy says otherwise."""
    web = b.scheduling_pod("web", labels={"app": "web"})
    nodes = (zone("a", taints=(GPU,)), zone("b", web))
    assert spread(*nodes, honor_taints=honor_taints) == expected
