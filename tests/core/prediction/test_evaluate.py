"""The façade: what it answers for pods, claims and nodes of every kind."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extender.core.alignment.worths import WorthRow, Worths
from extender.core.cluster.snapshot import Snapshot
from extender.core.prediction.evaluate import Memo, Outcome, Settings, evaluate
from extender.core.reasons import ReasonCode
from extender.core.releases.history import release_for
from extender.model import (
    Allocation,
    Binding,
    Consumer,
    DeviceClass,
    DeviceID,
    DeviceResult,
    DeviceTraits,
    ExactRequest,
    Node,
    NodeRequirement,
    NodeSelector,
    NodeSelectorTerm,
    Pod,
    PodClaim,
    Request,
)
from tests import builders as b
from tests.core.prediction.two_nodes import Entry, ask, world


def test_the_node_whose_first_fit_is_aligned_scores_higher():
    """The score is that of the devices the allocator will take, not of the best there are."""
    evaluation = ask(world(b.claim("c")), b.pod("p", "c"))
    scores = dict(evaluation.entries(["near", "far"]))
    assert scores["near"] == 100
    assert scores["far"] < 50
    assert evaluation.best("far").rating == 1.0


def test_the_best_of_too_many_choices_is_the_best_that_was_found():
    """Four of eight GPUs with four of eight NICs are more than the search may try, and it says so."""
    roots = [f"pci0000:{number}0" for number in range(1, 9)]
    four = b.claim("c", b.spec(b.request("gpu", "gpu", count=4), b.request("nic", "nic", count=4)))
    snapshot = b.snapshot(b.pair_node("n", roots, roots[::-1]), claims=[four])
    evaluation = ask(snapshot, b.pod("p", "c"))
    alignment = evaluation.verdicts(["n"])["n"].alignment
    best = evaluation.best("n")
    assert not best.complete
    assert alignment is not None
    assert best.rating is not None
    assert alignment.predicted is not None
    assert best.rating >= alignment.predicted


def test_a_choice_with_nothing_to_align_does_not_end_the_search_for_the_best():
    """A GPU that may do without a NIC: the near NIC of the second GPU is found all the same."""
    node, slices = b.pair_node("n", ["pci0000:10", "pci0000:90"], ["pci0000:90"])
    watched = ExactRequest("watched", "gpu", admin_access=True)
    either = b.spec(
        b.request("gpu", "gpu"), Request("nic", first_available=(ExactRequest("real", "nic"), watched))
    )
    snapshot = Snapshot.of(
        release=release_for("1.36.2"),
        nodes=[node],
        slices=slices,
        classes=b.CLASSES,
        claims=[b.claim("c", either)],
    )
    best = ask(snapshot, b.pod("p", "c")).best("n")
    assert (best.rating, best.complete) == (1.0, True)


def test_devices_are_named_for_the_node_and_the_claim():
    """A verdict lists what the allocator would write, in its order."""
    verdict = ask(world(b.claim("c")), b.pod("p", "c")).verdicts(["far"])["far"]
    assert [(each.claim, each.result.request, str(each.result.id)) for each in verdict.devices] == [
        ("c", "gpu", "gpu.nvidia.com/far/gpu-0"),
        ("c", "nic", "dra.net/far/nic-0"),
    ]
    assert verdict.outcome is Outcome.ALLOCATED


def test_an_evaluation_outlives_its_snapshot():
    """The memo moves on with the cluster; an older evaluation neither reads its answers nor leaves any."""
    memo: Memo[Entry] = Memo(lambda names, score: [(name, score) for name in names])
    before = world(b.claim("c"))
    after = before.with_claims([b.holding("h", DeviceID("gpu.nvidia.com", "near", "gpu-0"))])
    names, pod = ["near", "far"], b.pod("p", "c")
    old = evaluate(before, pod, memo, Settings())
    then = old.entries(names)
    now = evaluate(after, pod, memo, Settings()).entries(names)
    assert then != now
    assert old.entries(names) == then
    assert old.top(names) == []
    assert evaluate(after, pod, memo, Settings()).entries(names) == now
    newest = after.with_claims(deletions=[b.holding("h").key])
    newer = evaluate(newest, pod, memo, Settings())
    assert old.entries(names) == then
    assert newer.entries(names) == then


def test_unknown_nodes_score_neutral():
    """A node we have not seen passes with half the score."""
    evaluation = ask(world(b.claim("c")), b.pod("p", "c"))
    assert evaluation.entries(["near", "new"])[1] == ("new", 50)
    verdict = evaluation.verdicts(["new"])["new"]
    assert verdict.outcome is Outcome.UNKNOWN
    assert verdict.reason is not None
    assert verdict.reason.code is ReasonCode.NODE_UNKNOWN


def test_a_missing_claim_is_unknown_everywhere():
    """We may simply be behind the scheduler: no opinion."""
    evaluation = ask(world(), b.pod("p", "gone"))
    assert evaluation.entries(["near", "far"]) == [("near", 50), ("far", 50)]
    assert evaluation.verdicts(["near"])["near"].outcome is Outcome.UNKNOWN


def test_a_missing_class_is_unschedulable():
    """The scheduler refuses the pod before it looks at nodes."""
    evaluation = ask(world(b.claim("c"), classes=(b.GPU_CLASS,)), b.pod("p", "c"))
    verdict = evaluation.verdicts(["near"])["near"]
    assert verdict.outcome is Outcome.UNSCHEDULABLE
    assert verdict.reason is not None
    assert verdict.reason.code is ReasonCode.CLASS_MISSING
    assert verdict.reason.values["class"] == "nic"


@pytest.mark.parametrize(
    ("claim", "listed", "code"),
    [
        (replace(b.claim("c"), deleting=True), ("c",), ReasonCode.CLAIM_DELETING),
        (b.claim("c"), ("c", "c"), ReasonCode.CLAIM_LISTED_TWICE),
        (
            replace(
                b.holding("c"), reserved_for=tuple(Consumer("pods", f"p{i}", f"u{i}") for i in range(256))
            ),
            ("c",),
            ReasonCode.CLAIM_IN_USE,
        ),
    ],
)
def test_claims_that_no_node_can_satisfy(claim, listed, code):
    """Being deleted, listed twice, reserved to the limit: unschedulable on every node."""
    verdict = ask(world(claim), b.pod("p", *listed)).verdicts(["near"])["near"]
    assert verdict.outcome is Outcome.UNSCHEDULABLE
    assert verdict.reason is not None
    assert verdict.reason.code is code


def test_a_full_claim_that_is_reserved_for_this_pod_is_fine():
    """The pod keeps its own reservation when the list is full."""
    consumers = (*(Consumer("pods", f"p{i}", f"u{i}") for i in range(255)), Consumer("pods", "p", "uid-p"))
    full = replace(b.holding("c", DeviceID("gpu.nvidia.com", "near", "gpu-0")), reserved_for=consumers)
    assert ask(world(full), b.pod("p", "c")).verdicts(["near"])["near"].outcome is Outcome.ALLOCATED


def test_no_claims_is_allocated_with_nothing():
    """A pod without claims gets no devices and equal scores."""
    evaluation = ask(world(), b.pod("p"))
    verdict = evaluation.verdicts(["near"])["near"]
    assert (verdict.outcome, verdict.devices, verdict.reason) == (Outcome.ALLOCATED, (), None)
    assert {score for _, score in evaluation.entries(["near", "far"])} == {50}


def test_worths_are_part_of_the_question():
    """One memo serves settings with different worths, and both predicted and best are rated by them."""
    snapshot, memo = world(b.claim("c")), Memo(lambda names, score: [score] * len(names))
    halved = Worths(WorthRow(*[0.5] * 6), {})
    for settings, score in ((Settings(), 100), (Settings(worths=halved), 50), (Settings(), 100)):
        evaluation = evaluate(snapshot, b.pod("p", "c"), memo, settings)
        assert evaluation.entries(["near"]) == [score]
        assert evaluation.best("near").rating == score / 100


def test_one_device_has_nothing_to_align():
    """All nodes score neutral, one point less without a free device, so that the scheduler decides."""
    taken = b.holding("h", DeviceID("gpu.nvidia.com", "near", "gpu-0"))
    single = b.claim("c", b.spec(b.request("gpu", "gpu")))
    evaluation = ask(world(taken, single), b.pod("p", "c"))
    assert evaluation.entries(["near", "far"]) == [("near", 49), ("far", 50)]
    assert evaluation.verdicts(["near"])["near"].outcome is Outcome.UNSCHEDULABLE


def test_allocated_devices_are_not_given_again():
    """A device of another claim is skipped, and the node without any left scores 0."""
    taken = b.holding(
        "h", DeviceID("gpu.nvidia.com", "near", "gpu-0"), DeviceID("gpu.nvidia.com", "far", "gpu-0")
    )
    evaluation = ask(world(taken, b.claim("c")), b.pod("p", "c"))
    assert dict(evaluation.entries(["near", "far"])) == {"near": 0, "far": 100}


def test_two_claims_are_aligned_together():
    """Alignment spans the claims of a pod, which no constraint can."""
    claims = [b.claim(n, b.spec(b.request(n, n))) for n in ("gpu", "nic")]
    scores = dict(ask(world(*claims), b.pod("p", "gpu", "nic")).entries(["near", "far"]))
    assert scores["near"] == 100 > scores["far"]


def test_an_allocated_claim_pins_the_pod():
    """Nodes that the allocation's selector excludes are unschedulable; its devices count for alignment."""
    here = NodeSelector((NodeSelectorTerm(fields=(NodeRequirement("metadata.name", "In", ("far",)),)),))
    result = DeviceResult("gpu", DeviceID("gpu.nvidia.com", "far", "gpu-1"))
    held = b.claim("gpu", b.spec(b.request("gpu", "gpu")), Allocation((result,), node_selector=here))
    nic = b.claim("nic", b.spec(b.request("nic", "nic")))
    verdicts = ask(world(held, nic), b.pod("p", "gpu", "nic")).verdicts(["near", "far"])
    assert verdicts["near"].outcome is Outcome.UNSCHEDULABLE
    assert verdicts["near"].reason is not None
    assert verdicts["near"].reason.code is ReasonCode.CLAIM_ELSEWHERE
    assert verdicts["far"].score == 100
    assert [each.allocated for each in verdicts["far"].devices] == [True, False]


def test_a_broken_selector_aborts_even_where_the_pod_cannot_go():
    """The allocator runs before the verdict on allocated claims, so its errors come first."""
    here = NodeSelector((NodeSelectorTerm(fields=(NodeRequirement("metadata.name", "In", ("far",)),)),))
    result = DeviceResult("gpu", DeviceID("gpu.nvidia.com", "far", "gpu-1"))
    held = b.claim("gpu", b.spec(b.request("gpu", "gpu")), Allocation((result,), node_selector=here))
    broken = DeviceClass("broken", ("device.attributes['dra.net'].missing",))
    nic = b.claim("nic", b.spec(b.request("nic", "broken")))
    snapshot = world(held, nic, classes=(*b.CLASSES, broken))
    verdicts = ask(snapshot, b.pod("p", "gpu", "nic")).verdicts(["near", "far"])
    assert [verdict.outcome for verdict in verdicts.values()] == [Outcome.ERROR, Outcome.ERROR]


@pytest.mark.parametrize(
    ("binding", "outcome", "code"),
    [
        (Binding.FAILED, Outcome.UNSCHEDULABLE, ReasonCode.BINDING_FAILED),
        (Binding.WAITING, Outcome.UNKNOWN, ReasonCode.BINDING_WAITING),
        (Binding.READY, Outcome.ALLOCATED, None),
    ],
)
def test_binding_conditions_of_an_allocated_claim(binding, outcome, code):
    """Failed: the claim gets deallocated first. Waiting: only the time tells."""
    held = replace(b.holding("c", DeviceID("gpu.nvidia.com", "near", "gpu-0")), binding=binding)
    verdict = ask(world(held), b.pod("p", "c")).verdicts(["near"])["near"]
    assert verdict.outcome is outcome
    assert (verdict.reason.code if verdict.reason else None) is code


def test_a_claim_whose_devices_skip_node_operations():
    """From 1.37 on it is only for nodes that declare that they know this."""
    result = DeviceResult("gpu", DeviceID("gpu.nvidia.com", "near", "gpu-0"), skip_node_operations=("*",))
    held = b.claim("c", allocation=Allocation((result,)))
    nodes = [Node("plain"), Node("knowing", declared_features=("DRAOptionalNodeOperations",))]
    outcomes = {}
    for version in ("1.36", "1.37"):
        snapshot = b.snapshot(release=version, nodes=nodes, claims=[held])
        verdicts = ask(snapshot, b.pod("p", "c")).verdicts(["plain", "knowing"])
        outcomes[version] = [verdict.outcome for verdict in verdicts.values()]
    assert outcomes == {
        "1.36": [Outcome.ALLOCATED, Outcome.ALLOCATED],
        "1.37": [Outcome.UNSCHEDULABLE, Outcome.ALLOCATED],
    }


def test_a_device_gone_from_its_slice_still_counts_as_allocated():
    """An allocation outlives the slice entry: the pod keeps it, and no pair tells where it is."""
    held = b.holding("gpu", DeviceID("gpu.nvidia.com", "near", "gone"), of=b.spec(b.request("gpu", "gpu")))
    nic = b.claim("nic", b.spec(b.request("nic", "nic")))
    verdict = ask(world(held, nic), b.pod("p", "gpu", "nic")).verdicts(["near"])["near"]
    assert verdict.outcome is Outcome.ALLOCATED
    assert [device.listed for device in verdict.devices] == [False, True]
    assert verdict.alignment is not None
    assert verdict.alignment.pairs == ()
    assert verdict.score == 50 - 1


def test_a_claim_from_a_template_is_found_by_its_owner():
    """While the pod's status does not name the claim, owner and annotation do."""
    made = replace(b.claim("p-c-x7k2p"), owner_uid="uid-p", pod_claim_name="c")
    pod = Pod("default", "p", "uid-p", claims=(PodClaim("c", template="t"),))
    assert ask(world(made), pod).verdicts(["near"])["near"].outcome is Outcome.ALLOCATED


def test_a_claim_made_for_another_pod():
    """A claim from a template must belong to the pod that names it."""
    foreign = replace(b.claim("p-c-x7k2p"), owner_uid="uid-q", pod_claim_name="c")
    pod = Pod("default", "p", "uid-p", claims=(PodClaim("c", "p-c-x7k2p", template="t"),))
    verdict = ask(world(foreign), pod).verdicts(["near"])["near"]
    assert verdict.outcome is Outcome.UNSCHEDULABLE
    assert verdict.reason is not None
    assert verdict.reason.code is ReasonCode.CLAIM_NOT_OWNED


def test_devices_that_stand_for_resources_of_the_node():
    """With that alpha feature on they can rule a node out after all: no opinion, and the reason says so."""
    traits = DeviceTraits(node_allocatable=True)
    node, slices = Node("n"), [b.slice_of("dra.cpu", "n", [b.device("cpu-0", traits=traits)])]
    cpus = DeviceClass("cpu", ())
    claim = b.claim("c", b.spec(b.request("cpu", "cpu")))
    outcomes = []
    for on in (False, True):
        release = release_for("1.37", {"DRANodeAllocatableResources": on})
        snapshot = b.snapshot(release=release, nodes=[node], slices=slices, classes=[cpus], claims=[claim])
        outcomes.append(ask(snapshot, b.pod("p", "c")).verdicts(["n"])["n"].outcome)
    assert outcomes == [Outcome.ALLOCATED, Outcome.UNKNOWN]


def test_a_claim_that_is_not_needed_is_skipped():
    """A status entry without a name means that no claim is needed."""
    pod = Pod("default", "p", claims=(PodClaim("c", needed=False),))
    assert ask(world(), pod).verdicts(["near"])["near"].devices == ()


def test_the_search_budget_ends_in_unknown():
    """Over budget there is no opinion, and the reason says how many steps were allowed."""
    verdict = ask(world(b.claim("c")), b.pod("p", "c"), Settings(search_steps=2)).verdicts(["near"])["near"]
    assert verdict.outcome is Outcome.UNKNOWN
    assert verdict.score == 50
    assert verdict.reason is not None
    assert verdict.reason.code is ReasonCode.SEARCH_BUDGET


def test_the_request_budget_does_not_depend_on_what_was_asked_before():
    """The first nodes by name are searched, the rest is unknown: on every call, in any order of names."""
    snapshot = world(b.claim("c"))
    settings = Settings(request_steps=3)
    memo: Memo[Entry] = Memo(lambda names, score: [(name, score) for name in names])
    fresh = evaluate(snapshot, b.pod("p", "c"), memo, settings).entries(["far", "near"])
    assert dict(fresh)["near"] == 50
    assert dict(fresh)["far"] != 50
    single = evaluate(snapshot, b.pod("p", "c"), memo, settings).entries(["near"])
    assert single == [("near", 100)]
    again = evaluate(snapshot, b.pod("p", "c"), memo, settings).entries(["near", "far"])
    assert sorted(again) == sorted(fresh)


def test_a_new_pod_of_a_known_shape_needs_no_search():
    """Pods and claims of one spec share predictions."""
    snapshot = world(b.claim("c"), b.claim("d"))
    memo: Memo[Entry] = Memo(lambda names, score: [(name, score) for name in names])
    evaluate(snapshot, b.pod("p", "c"), memo, Settings()).entries(["near", "far"])
    second = evaluate(snapshot, b.pod("q", "d"), memo, Settings())
    second.entries(["near", "far"])
    assert second.stats.searches == 0


def test_a_memo_follows_claim_events():
    """Only the node whose devices were taken is searched again."""
    snapshot = world(b.claim("c"), b.claim("d"))
    memo: Memo[Entry] = Memo(lambda names, score: [(name, score) for name in names])
    evaluate(snapshot, b.pod("p", "c"), memo, Settings()).entries(["near", "far"])
    taken = b.holding("c", DeviceID("gpu.nvidia.com", "near", "gpu-0"), DeviceID("dra.net", "near", "nic-0"))
    after = evaluate(snapshot.with_claims([taken]), b.pod("q", "d"), memo, Settings())
    assert dict(after.entries(["near", "far"]))["near"] == 0
    assert after.stats.searches == 1
    freed = snapshot.with_claims([taken]).with_claims(deletions=[("default", "c")])
    assert dict(evaluate(freed, b.pod("q", "d"), memo, Settings()).entries(["near"]))["near"] == 100
