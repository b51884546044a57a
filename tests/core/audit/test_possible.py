"""What a running pod could have: on its node, with nothing else there, and elsewhere."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extender.core.alignment.worths import DEFAULT_WORTHS
from extender.core.audit.changing_nodes import ChangingNodes
from extender.core.audit.choices import renumbered
from extender.core.audit.node_kinds import NodeKinds
from extender.core.audit.possible import Bound, Elsewhere, Possibilities
from extender.core.audit.running_pod import RunningPod
from extender.core.audit.running_pods import running_pods
from extender.core.cluster.changes import Changes
from extender.core.prediction.pod_alignment import Placed, aligned
from extender.core.releases.history import LATEST
from extender.core.scheduling import FilterCode, NotToldCode
from extender.core.topology.locations import Location
from extender.core.topology.vocabulary import DeviceKind
from extender.model import Constraint, Consumer, DeviceID, Taint
from extender.model.scheduling_kinds import SCHEDULING_NODE, SCHEDULING_POD
from tests import builders as b

NUMA = {"r0": 0, "r1": 1}
FAR_PAIR = (DeviceID("gpu.nvidia.com", "n", "gpu-0"), DeviceID("dra.net", "n", "nic-0"))
"""On a node whose first NIC is on the second root."""


def bound(name, node="n"):
    return replace(b.pod(name, name), node_name=node)


def world(*claims, others=(), nics=("r1", "r0")):
    pods = [bound(claim.name) for claim in claims if claim.name.startswith("p")]
    machines = [b.pair_node("n", ["r0"], nics, NUMA), *others]
    return b.snapshot(*machines, release=LATEST, claims=claims, pods=pods)


def possible(snapshot, **options):
    running = next(each for each in running_pods(snapshot) if isinstance(each, RunningPod))
    return Possibilities(snapshot, NodeKinds(ChangingNodes(snapshot)), **options).of(running)


def test_nearer_devices_of_the_own_node_count_with_the_own_put_back():
    """The near NIC is free, and the GPU is the pod's own."""
    found = possible(world(b.holding("p", *FAR_PAIR)))
    assert found.empty == found.here == Bound(1.0, complete=True)
    assert found.elsewhere is None


def test_what_others_hold_is_possible_only_on_an_empty_node():
    """The near NIC is another claim's."""
    taken = b.holding("other", DeviceID("dra.net", "n", "nic-1"))
    found = possible(world(b.holding("p", *FAR_PAIR), taken))
    assert found.empty.alignment == 1.0
    assert found.here.alignment == 0.4


def test_elsewhere_is_what_the_scheduler_takes_there():
    """A node counts for its first devices, not its best ones."""
    near = b.pair_node("near", ["r0"], ["r0", "r1"], NUMA)
    far = b.pair_node("far", ["r0"], ["r1", "r0"], NUMA)
    snapshot = world(b.holding("p", *FAR_PAIR), others=[far, near])
    assert possible(snapshot).elsewhere == Elsewhere("near", 1.0)


def test_a_full_node_is_no_option():
    """What its devices would be does not matter while they are taken."""
    near = b.pair_node("near", ["r0"], ["r0"], NUMA)
    held = b.holding("other", DeviceID("gpu.nvidia.com", "near", "gpu-0"))
    assert possible(world(b.holding("p", *FAR_PAIR), held, others=[near])).elsewhere is None


def told(snapshot, pod, *nodes):
    """The snapshot, with what the default scheduler knows of the pod and of the nodes."""
    return snapshot.updated(Changes.of(SCHEDULING_POD, [pod]) | Changes.of(SCHEDULING_NODE, nodes))


def test_a_node_that_refuses_the_pod_is_no_place_to_go():
    """The nearer of two has a taint; the pod counts as gone from its own node, which it fills."""
    near = b.pair_node("near", ["r0"], ["r0"], NUMA)
    next_ = b.pair_node("next", ["r0"], ["r0"], NUMA)
    snapshot = world(b.holding("p", *FAR_PAIR), others=[near, next_], nics=("r1",))
    pod = b.scheduling_pod("p", cpu="8", node_name="n")
    tainted = b.scheduling_node("near", taints=(Taint("reserved", "NoSchedule"),))
    found = possible(told(snapshot, pod, b.scheduling_node("n"), tainted, b.scheduling_node("next")))
    assert found.elsewhere == Elsewhere("next", 1.0)
    assert found.refused_here is None
    assert not found.unchecked
    full = b.scheduling_node("next", cpu="7")
    assert possible(told(snapshot, pod, b.scheduling_node("n"), tainted, full)).elsewhere is None


def test_a_cordoned_node_takes_its_pod_not_again():
    """Its nearer devices do not help, though an emptier node of its type would have them."""
    cordoned = b.scheduling_node("n", unschedulable=True)
    snapshot = told(world(b.holding("p", *FAR_PAIR)), b.scheduling_pod("p", node_name="n"), cordoned)
    found = possible(snapshot)
    assert found.empty.alignment == 1.0
    assert found.here == Bound(0.4, complete=True)
    assert found.refused_here.code is FilterCode.NODE_UNSCHEDULABLE


def test_what_is_not_told_of_a_pod_is_said():
    """As in a recording: every node counts, and the reason is there."""
    near = b.pair_node("near", ["r0"], ["r0"], NUMA)
    found = possible(world(b.holding("p", *FAR_PAIR), others=[near]))
    assert found.elsewhere == Elsewhere("near", 1.0)
    assert [each.code for each in found.unchecked] == [NotToldCode.POD]


def test_a_shared_claim_keeps_its_devices():
    """Its other users need them, so the pod cannot go, and only its own claim can change."""
    users = (Consumer("pods", "p", "uid-p"), Consumer("pods", "q", "uid-q"))
    shared = replace(b.holding("p", *FAR_PAIR), reserved_for=users)
    near = b.pair_node("near", ["r0"], ["r0"], NUMA)
    found = possible(world(shared, others=[near]))
    assert found.empty == found.here == Bound(0.4, complete=True)
    assert found.elsewhere is None


def test_constraints_of_the_claim_hold_for_what_is_possible():
    """What the claim forbids is not possible."""
    same_root = b.spec(
        b.request("gpu", "gpu"),
        b.request("nic", "nic"),
        constraints=[Constraint(match_attribute="example.com/never")],
    )
    found = possible(world(b.holding("p", *FAR_PAIR, of=same_root)))
    assert found.here == Bound(0.4, complete=True)


def test_without_a_budget_only_what_the_pod_has_is_known():
    """And that it is not all is said."""
    found = possible(world(b.holding("p", *FAR_PAIR)), steps=0)
    assert found.empty == found.here == Bound(0.4, complete=False)


def test_claims_of_a_class_that_is_gone_cannot_be_searched():
    """Nothing is claimed about what is possible."""
    spec = b.spec(b.request("gpu", "gone", 2))
    found = possible(world(b.holding("p", *FAR_PAIR, of=spec)))
    assert found.here == Bound(None, complete=False)
    assert found.elsewhere is None


KINDS = st.sampled_from((DeviceKind.GPU, DeviceKind.NIC, DeviceKind.CPU))


@st.composite
def tidy_choices(draw):
    """Devices in a tree: below one root all on one NUMA node, below one NUMA node all on one socket."""
    sockets = draw(st.lists(st.integers(-1, 1), min_size=3, max_size=3))
    roots = draw(st.lists(st.integers(-1, 2), min_size=4, max_size=4))
    locations = []
    for device in range(draw(st.integers(2, 6))):
        root = draw(st.integers(-1, 3))
        numa = roots[root] if root >= 0 else draw(st.integers(-1, 2))
        location = Location(draw(KINDS), device, root, numa, sockets[numa] if numa >= 0 else -1)
        locations += [Placed(location, asker) for asker in range(draw(st.integers(1, 2)))]
    return locations


@settings(deadline=None, max_examples=60)
@given(tidy_choices(), st.permutations(range(4)), st.permutations(range(3)), st.permutations(range(2)))
def test_numbers_of_places_do_not_matter(choice, roots, nodes, sockets):
    """Choices that are alike but for their numbers have one rating."""
    rated = aligned(choice, DEFAULT_WORTHS).predicted
    renamed = tuple(
        Placed(
            Location(
                location.kind,
                location.device,
                roots[location.root] if location.root >= 0 else -1,
                nodes[location.numa] if location.numa >= 0 else -1,
                sockets[location.socket] if location.socket >= 0 else -1,
            ),
            asker,
        )
        for location, asker in choice
    )
    assert aligned(renumbered(renamed), DEFAULT_WORTHS).predicted == pytest.approx(rated)


def test_contradicting_places_keep_their_numbers():
    """One device on two NUMA nodes: the rating hangs on the numbers, so it is not shared."""
    choice = (
        Placed(Location(DeviceKind.GPU, 5, 1, 2, 1), 0),
        Placed(Location(DeviceKind.GPU, 5, 1, 3, 1), 1),
    )
    assert renumbered(choice) == choice
