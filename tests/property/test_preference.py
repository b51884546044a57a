"""The order of a claim's alternatives is never turned round, with kube-scheduler's own score beside ours."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from extender.core.cluster.snapshot import Snapshot
from extender.core.prediction.behind import Behind, behind_best
from extender.core.prediction.evaluate import Memo, NodeVerdict, Outcome, Settings, evaluate
from extender.core.releases.history import release_for
from extender.model import Claim, ExactRequest, Request
from tests import builders as b
from tests.property.draws import below, between
from tests.property.worlds import World, worlds

IN_TREE_WEIGHT = 2
"""Of DynamicResources in the default profile, from 1.35 on."""
_MOST = 8


def raw_in_tree(claims: Mapping[str, Claim], verdict: NodeVerdict) -> int:
    """
    What DynamicResources makes of a node before it is normalized.

    Source: k8s.io/kubernetes pkg/scheduler/framework/plugins/dynamicresources dynamicresources.go
    computeScore, v1.36.2.
    """
    used = {(each.claim, each.result.request) for each in verdict.devices if "/" in each.result.request}
    return sum(
        _MOST - index
        for name, claim in claims.items()
        for request in claim.spec.requests
        for index, alternative in enumerate(request.first_available)
        if (name, f"{request.name}/{alternative.name}") in used
    )


def in_tree(raw: Mapping[str, int]) -> dict[str, int]:
    """The normalized scores of all nodes, with the plugin's weight."""
    highest = max(raw.values())
    return {node: IN_TREE_WEIGHT * (100 * each // highest if highest else 0) for node, each in raw.items()}


def allocated(world: World, version: str, score_max: int) -> dict[str, NodeVerdict]:
    snapshot = Snapshot.of(
        release=release_for(version),
        nodes=world.nodes,
        slices=world.slices,
        classes=world.classes,
        claims=world.claims,
    )
    memo: Memo[tuple[str, int]] = Memo(lambda names, score: [(name, score) for name in names])
    evaluation = evaluate(snapshot, world.pod, memo, Settings(score_max, search_steps=20_000))
    verdicts = evaluation.verdicts([node.name for node in world.nodes])
    assert dict(evaluation.entries(list(verdicts))) == {name: each.score for name, each in verdicts.items()}
    return {name: each for name, each in verdicts.items() if each.outcome is Outcome.ALLOCATED}


@st.composite
def preferring_worlds(draw: st.DrawFn) -> World:
    """A world whose pod has one or two claims, in which most requests have alternatives."""
    world = draw(worlds())
    names = [entry.claim for entry in world.pod.claims]
    claims = []
    for claim in world.claims:
        if claim.name in names:
            requests = tuple(
                Request(
                    f"r{number}",
                    first_available=tuple(
                        ExactRequest(
                            f"a{index}",
                            draw(st.sampled_from(("gpu", "nic", "any"))),
                            count=draw(between(1, 3)),
                        )
                        for index in range(draw(between(2, 4)))
                    ),
                )
                if draw(below(4))
                else b.request(f"r{number}", draw(st.sampled_from(("gpu", "nic", "any"))))
                for number in range(draw(between(1, 2)))
            )
            claims.append(b.claim(claim.name, b.spec(*requests, constraints=claim.spec.constraints)))
        else:
            claims.append(claim)
    return world._replace(claims=tuple(claims))


@settings(max_examples=200, deadline=None)
@given(
    world=preferring_worlds(),
    version=st.sampled_from(("1.35", "1.36.2", "1.37")),
    score_max=between(2, 120),
    weight=st.sampled_from((1, 150)),
)
def test_the_order_of_alternatives_is_that_of_the_scheduler(world, version, score_max, weight):
    """
    Where kube-scheduler's own score says more, ours does not say less, and the sum does not either.

    Where it says the same, alignment decides, within a point of the scale that is left for it.
    """
    verdicts = allocated(world, version, score_max)
    assume(len(verdicts) > 1)
    claims = {claim.name: claim for claim in world.claims}
    raw = {node: raw_in_tree(claims, verdict) for node, verdict in verdicts.items()}
    own = in_tree(raw)
    total = {node: own[node] + verdict.score * weight * 10 for node, verdict in verdicts.items()}
    for one, other in permutations(verdicts, 2):
        if raw[one] > raw[other]:
            assert verdicts[one].score >= verdicts[other].score
            assert total[one] >= total[other]
        elif raw[one] == raw[other]:
            assert verdicts[one].passed_over == verdicts[other].passed_over
            if alignment_of(verdicts[one]) >= alignment_of(verdicts[other]):
                assert verdicts[one].score >= verdicts[other].score - 1
    _assert_says_what_decided(verdicts)


def alignment_of(verdict: NodeVerdict) -> float:
    """Where the pod gets fewer than two devices that can be near each other, nothing is apart."""
    assert verdict.alignment is not None
    return 1.0 if verdict.alignment.predicted is None else verdict.alignment.predicted


def _assert_says_what_decided(verdicts: Mapping[str, NodeVerdict]) -> None:
    behind = behind_best(verdicts)
    fewest = min(verdict.passed_over for verdict in verdicts.values())
    assert len(behind) < len(verdicts)
    for name, verdict in verdicts.items():
        assert (behind.get(name) is Behind.PREFERENCE) == (verdict.passed_over > fewest)
