"""Advice that everybody can check: what is recommended loses nothing, and "no constraint" is true."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extender.core.advice.advisor import Subject, advise
from extender.core.advice.constraint_options import OptionKind
from extender.core.advice.recommendation import AdviceCode
from extender.core.cluster.snapshot import Snapshot
from extender.core.prediction.evaluate import Memo, Outcome, Settings, evaluate
from extender.model import Claim, Constraint, Device
from tests import builders as b

NAMES = (b.ROOT, b.NUMA, "fabric.example/group", "fabric.example/rack", "dra.net/own")
SETTINGS = Settings(search_steps=20_000)


@st.composite
def nodes(draw):
    """Machines of a few GPUs and NICs that publish any of the names, each with one of three values."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=4))

    def devices(kind):
        return [
            Device(
                f"{kind}-{i}",
                {name: b.number(draw(st.integers(0, 2))) for name in names if draw(st.integers(0, 9))},
            )
            for i in range(draw(st.integers(1, 3)))
        ]

    return [b.machine(f"n{i}", devices("gpu"), devices("nic")) for i in range(draw(st.integers(1, 3)))]


@st.composite
def claims(draw):
    requests = [
        b.request("gpu", "gpu", draw(st.integers(1, 2))),
        b.request("nic", "nic", draw(st.integers(1, 2))),
    ]
    own = draw(st.sampled_from([None, None, *NAMES]))
    return b.spec(*requests, constraints=[Constraint(match_attribute=own)] if own else [])


def outcomes(snapshot: Snapshot, spec):
    """For each node: whether the claim is allocated there, and the alignment."""
    claim = Claim("default", "c", "uid-c", spec)
    world = snapshot.with_claims([claim])
    names = sorted(snapshot.nodes)
    memo = Memo(lambda names, score: [(name, score) for name in names])
    verdicts = evaluate(world, b.pod("p", "c"), memo, SETTINGS).verdicts(names)
    return {
        name: verdict.alignment.predicted if verdict.alignment else None
        for name, verdict in verdicts.items()
        if verdict.outcome is Outcome.ALLOCATED
    }


def advised(machines, spec):
    snapshot = b.snapshot(*machines)
    subject = Subject(b.pod("p", "c"), (b.claim("c", spec),))
    return snapshot, advise(subject, snapshot, SETTINGS, lambda _: None)


@settings(max_examples=60, deadline=None)
@given(machines=nodes(), spec=claims())
def test_what_is_recommended_loses_no_node_and_nears_no_device_less(machines, spec):
    snapshot, advice = advised(machines, spec)
    found = advice.recommendation
    if found is None or found.code is not AdviceCode.HARD_CONSTRAINT:
        return
    before, after = outcomes(snapshot, spec), outcomes(snapshot, found.option.specs[0])
    assert after.keys() >= before.keys()
    assert all(after[name] >= before[name] for name in before if before[name] is not None)


@settings(max_examples=60, deadline=None)
@given(machines=nodes(), spec=claims())
def test_no_constraint_means_that_none_holds(machines, spec):
    """Every name over both requests, in place of the constraint on locations, is met nowhere."""
    snapshot, advice = advised(machines, spec)
    found = advice.recommendation
    if found is None or found.code is not AdviceCode.NO_CONSTRAINT:
        return
    (bare,) = next(each.option.specs for each in advice.judged if each.option.kind is OptionKind.NONE)
    for name in NAMES:
        constraints = (*bare.constraints, Constraint(("gpu", "nic"), name))
        tried = replace(bare, constraints=constraints, fingerprint=f"{bare.fingerprint}{constraints}")
        held = outcomes(snapshot, tried)
        if name not in (b.ROOT, b.NUMA):
            held = {node: found for node, found in held.items() if not same_for_all(snapshot, node, name)}
        assert not held, name


def same_for_all(snapshot, node, name):
    """Whether a constraint says nothing on the node, or a device there lacks the name."""
    on_node = [
        device.attributes.get(name)
        for slice_ in snapshot.published.values()
        if slice_.node_name == node
        for device in slice_.devices
    ]
    return None in on_node or len(set(on_node)) == 1


@pytest.mark.parametrize("code", [AdviceCode.HARD_CONSTRAINT, AdviceCode.NO_CONSTRAINT])
def test_the_laws_are_about_something(code):
    """Both kinds of advice come up among simple machines."""
    near = b.pair_node("n", ["r0", "r1"], ["r1", "r0"])
    far = b.pair_node("n", ["r0"], ["r1"])
    found = {advised([machine], b.PAIR)[1].recommendation.code for machine in (near, far)}
    assert code in found
