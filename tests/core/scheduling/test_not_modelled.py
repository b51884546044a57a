"""What we say we cannot tell."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extender.core.releases.history import release_for
from extender.core.scheduling import feasible, not_modelled, rules_of, scores
from extender.core.scheduling.profile import Profile
from extender.core.scheduling.reasons import (
    FILTER_TEMPLATES,
    NOT_MODELLED_TEMPLATES,
    SCORES_ONLY,
    FilterCode,
    NotModelledCode,
    render_not_modelled,
)
from extender.core.scheduling.scoring_strategy import ScoringStrategy
from extender.core.scheduling.work import pod_work
from extender.model import NodeRequirement, NodeSelector, NodeSelectorTerm, Toleration
from extender.model.scheduling import (
    AffinityTerm,
    HostPort,
    LabelRequirement,
    LabelSelector,
    Owner,
    PodAffinity,
    PreferredNodes,
    SpreadConstraint,
)
from tests import builders as b

ONE = b.scheduling_nodes(b.scheduling_node())
BAD = LabelSelector((LabelRequirement("app", "Near"),))
TEAM = LabelSelector((LabelRequirement("team", "Exists"),))


def near(**fields):
    return PodAffinity(required=(AffinityTerm("zone", LabelSelector(), **fields),))


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"gated": True}, NotModelledCode.SCHEDULING_GATES),
        ({"grouped": True}, NotModelledCode.POD_GROUP),
        ({"volumes": ("persistentVolumeClaim",)}, NotModelledCode.VOLUMES),
        ({"affinity": PodAffinity(required=(AffinityTerm("zone", BAD),))}, NotModelledCode.INVALID_SELECTOR),
        (
            {"spread": (SpreadConstraint("zone", 1, required=True, selector=BAD),)},
            NotModelledCode.INVALID_SELECTOR,
        ),
        (
            {"preferred_nodes": (PreferredNodes(1, NodeSelectorTerm((NodeRequirement("a", "Near"),))),)},
            NotModelledCode.INVALID_SELECTOR,
        ),
        ({"affinity": near(namespace_selector=TEAM)}, NotModelledCode.NAMESPACE_LABELS),
        ({"resources": b.containers({"memory": "8Ei"})}, NotModelledCode.AMOUNT_TOO_LARGE),
    ],
)
def test_pods_we_cannot_tell_about(fields, code):
    """The reason is given, and no node is refused: we have no opinion."""
    found = feasible(b.scheduling_pod(**fields), b.scheduling_nodes(b.scheduling_node(cpu="0")), b.NEWEST)
    assert [each.code for each in found.not_modelled] == [code]
    assert found.feasible == (0,)
    assert render_not_modelled(found.not_modelled[0])


def test_plain_pods_are_modelled():
    assert feasible(b.scheduling_pod(), ONE, b.NEWEST).not_modelled == ()


def test_a_release_that_has_not_been_compared():
    """It may decide otherwise than those before it, so nothing is said of any pod, and no node is refused."""
    rules = rules_of(replace(release_for("1.38"), version="1.39.0"))
    found = feasible(b.scheduling_pod(), b.scheduling_nodes(b.scheduling_node(cpu="0")), rules)
    assert [each.code for each in found.not_modelled] == [NotModelledCode.RELEASE]
    assert found.feasible == (0,)


def test_namespace_selectors_of_others():
    """A pod on a node whose term selects namespaces makes the labels of namespaces matter for all."""
    other = b.scheduling_pod("other", affinity=near(namespace_selector=TEAM))
    nodes = b.scheduling_nodes((b.scheduling_node(), [other]))
    assert [each.code for each in feasible(b.scheduling_pod(), nodes, b.NEWEST).not_modelled] == [
        NotModelledCode.NAMESPACE_LABELS
    ]
    known = b.scheduling_nodes((b.scheduling_node(), [other]), namespaces={})
    assert feasible(b.scheduling_pod(), known, b.NEWEST).not_modelled == ()


@pytest.mark.parametrize("size", [9, 2000])
def test_work_is_limited(monkeypatch, size):
    """Whether the pod itself or a pod on a node has too many conditions; otherwise neither is in the way."""
    monkeypatch.setattr(not_modelled, "WORK_LIMIT", 1000)
    terms = PodAffinity((AffinityTerm("zone", LabelSelector()),) * size)
    codes = [] if size < 1000 else [NotModelledCode.TOO_MUCH_WORK]
    own = feasible(b.scheduling_pod(tolerations=(Toleration("a"),) * size), ONE, b.NEWEST)
    assert [each.code for each in own.not_modelled] == codes
    nodes = b.scheduling_nodes((b.scheduling_node(), [b.scheduling_pod(affinity=terms)]))
    assert [each.code for each in feasible(b.scheduling_pod(), nodes, b.NEWEST).not_modelled] == codes


@pytest.mark.parametrize(
    "fields",
    [
        {"node_selector": tuple((str(each), "") for each in range(100))},
        {"host_ports": tuple(HostPort(each + 1) for each in range(100))},
        {"images": ("app",) * 100},
        {"image_volumes": ("app",) * 100},
        {"resources": b.containers({f"example.com/{each}": "1" for each in range(100)})},
        {"required_nodes": NodeSelector((NodeSelectorTerm((NodeRequirement("a", "Exists"),) * 100),))},
        {"required_nodes": NodeSelector((NodeSelectorTerm((NodeRequirement("a", "In", ("b",) * 1600),)),))},
        {"spread": (SpreadConstraint("zone", 1, required=False),) * 25},
        {"node_features": ("VolumeBindMountOptions",) * 100},
    ],
)
def test_all_of_a_pod_is_work(fields):
    """100 of anything that is looked at for each node."""
    assert pod_work(b.scheduling_pod(**fields), nodes=10, pods_in_namespace=0, pods=0) >= 1000


def test_numbers_of_a_node():
    """A node whose numbers upstream's arithmetic cannot hold is refused with that reason."""
    nodes = b.scheduling_nodes(b.scheduling_node(memory="8Ei"), b.scheduling_node("m"))
    found = feasible(b.scheduling_pod(), nodes, b.NEWEST)
    assert found.refusals[0] is not None
    assert found.refusals[0].code is FilterCode.NODE_AMOUNT_TOO_LARGE
    assert found.feasible == (1,)


@pytest.mark.parametrize(
    ("fields", "codes"),
    [
        ({"labels": {"app": "a"}}, [NotModelledCode.DEFAULT_SPREAD]),
        ({"owner": Owner("apps/v1", "ReplicaSet", "r")}, [NotModelledCode.DEFAULT_SPREAD]),
        ({"owner": Owner("batch/v1", "Job", "j")}, []),
        ({}, []),
        ({"labels": {"a": "a"}, "spread": (SpreadConstraint("z", 1, required=False),)}, []),
    ],
)
def test_default_spread(fields, codes):
    """Pods that a service or controller may select are spread by default: scores only."""
    found = scores(b.scheduling_pod(**fields), ONE, (0,), b.NEWEST)
    assert [each.code for each in found.not_modelled] == codes
    assert set(codes) <= SCORES_ONLY


def test_scored_dra_resource():
    """How many devices of a class are left is not counted in scores."""
    profile = Profile(strategy=ScoringStrategy(resources=(("example.com/gpu", 1),)))
    found = scores(
        b.scheduling_pod(), ONE, (0,), b.NEWEST, profile=profile, dra_resources={"example.com/gpu"}
    )
    assert [each.code for each in found.not_modelled] == [NotModelledCode.SCORED_DRA_RESOURCE]


def test_every_code_has_a_text():
    assert FILTER_TEMPLATES.keys() == set(FilterCode)
    assert NOT_MODELLED_TEMPLATES.keys() == set(NotModelledCode)
