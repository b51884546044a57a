"""Laws that hold for every cluster and pod."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extender.core.cluster.snapshot import Snapshot
from extender.core.prediction.evaluate import Evaluation, Memo, NodeVerdict, Outcome, Settings, evaluate
from extender.core.releases.history import release_for
from extender.model import Claim, Devices, ResourceSlice
from tests import builders as b
from tests.property.worlds import World, worlds

Entry = tuple[str, int]


RELEASES = ("1.34", "1.35", "1.36.2", "1.37")
"""A patch of each minor; up to 1.35 pools and slices are tried in random order."""


def snapshot_of(world: World, version: str = "1.36.2") -> Snapshot:
    return Snapshot.of(
        release=release_for(version),
        nodes=world.nodes,
        slices=world.slices,
        classes=world.classes,
        claims=world.claims,
    )


def ask(snapshot: Snapshot, world: World, memo: Memo[Entry] | None = None) -> Evaluation[Entry]:
    fresh: Memo[Entry] = Memo(lambda names, score: [(name, score) for name in names])
    return evaluate(snapshot, world.pod, memo or fresh, Settings(search_steps=20_000))


def verdicts(world: World) -> dict[str, NodeVerdict]:
    return ask(snapshot_of(world), world).verdicts([node.name for node in world.nodes])


def shuffled(world: World, seed: int) -> World:
    """The same world with its objects in another order."""
    shuffle = random.Random(seed).sample
    return World(
        tuple(shuffle(world.nodes, len(world.nodes))),
        tuple(shuffle(world.slices, len(world.slices))),
        tuple(shuffle(world.classes, len(world.classes))),
        tuple(shuffle(world.claims, len(world.claims))),
        world.pod,
    )


@pytest.mark.parametrize("version", RELEASES)
@settings(max_examples=50, deadline=None)
@given(world=worlds(), seed=st.integers())
def test_the_order_of_input_never_matters(version, world, seed):
    """Objects and names in any order get the same verdicts and scores, also where upstream rolls dice."""
    names = [node.name for node in world.nodes] + ["absent"]
    asked = random.Random(seed).sample(names, len(names))
    one = ask(snapshot_of(world, version), world)
    other = ask(snapshot_of(shuffled(world, seed), version), world)
    assert other.verdicts(asked) == one.verdicts(names)
    assert dict(other.entries(asked)) == dict(one.entries(names))
    assert [name for name, _ in other.entries(asked)] == asked
    assert [other.best(name) for name in names] == [one.best(name) for name in names]


@pytest.mark.parametrize("version", RELEASES)
@settings(max_examples=20, deadline=None)
@given(world=worlds(), seed=st.integers())
def test_the_order_of_events_never_matters(version, world, seed):
    """Claims that come one by one, in any order and with requests in between, end in the same answers."""
    names = [node.name for node in world.nodes]
    memo: Memo[Entry] = Memo(lambda names, score: [(name, score) for name in names])
    snapshot = snapshot_of(world._replace(claims=()), version)
    for claim in shuffled(world, seed).claims:
        snapshot = snapshot.with_claims([claim])
        ask(snapshot, world, memo).entries(names)
    fresh = ask(snapshot_of(world, version), world)
    assert ask(snapshot, world, memo).verdicts(names) == fresh.verdicts(names)
    assert ask(snapshot, world, memo).entries(names) == fresh.entries(names)


@pytest.mark.parametrize("version", RELEASES)
@settings(max_examples=20, deadline=None)
@given(world=worlds(), seed=st.integers(), steps=st.integers(1, 60))
def test_a_small_budget_is_spent_alike(version, world, seed, steps):
    """Which nodes are left unknown does not depend on the order of names or objects."""
    names = [node.name for node in world.nodes]
    budget = Settings(search_steps=steps, request_steps=2 * steps)
    memo: Memo[Entry] = Memo(lambda names, score: [(name, score) for name in names])
    one = evaluate(snapshot_of(world, version), world.pod, memo, budget).verdicts(names)
    moved = snapshot_of(shuffled(world, seed), version)
    assert evaluate(moved, world.pod, memo, budget).verdicts(names[::-1]) == one


@pytest.mark.parametrize("version", RELEASES)
@settings(max_examples=40, deadline=None)
@given(
    world=worlds(),
    seed=st.integers(),
    steps=st.integers(1, 60),
    units=st.integers(1, 4_000),
    rich=st.booleans(),
)
def test_what_was_asked_before_never_matters(version, world, seed, steps, units, rich):
    """Also not where the budgets are small: work that is remembered is charged as if it were done."""
    names = [node.name for node in world.nodes]
    budget = Settings(search_steps=60, request_steps=60 + steps, request_units=units)
    snapshot = snapshot_of(world, version)
    memo: Memo[Entry] = Memo(lambda names, score: [(name, score) for name in names])
    before = replace(budget, request_steps=100_000, request_units=100_000) if rich else budget
    shuffle = random.Random(seed)
    for _ in range(3):
        some = shuffle.sample(names, shuffle.randint(1, len(names)))
        evaluate(snapshot, world.pod, memo, before).entries(some)
    fresh: Memo[Entry] = Memo(lambda names, score: [(name, score) for name in names])
    one = evaluate(snapshot, world.pod, fresh, budget)
    other = evaluate(snapshot, world.pod, memo, budget)
    for _ in range(2):
        assert other.entries(names) == one.entries(names)
        assert other.verdicts(names) == one.verdicts(names)
    ours, theirs = one.budget(), other.budget()
    assert [one.best(name, ours) for name in names] == [other.best(name, theirs) for name in names]


@settings(max_examples=150, deadline=None)
@given(worlds())
def test_nodes_do_not_influence_each_other(world):
    """A node judged alone, with nothing remembered, gets the verdict that it gets among others."""
    together = verdicts(world)
    snapshot = snapshot_of(world)
    for node in world.nodes:
        assert ask(snapshot, world).verdicts([node.name])[node.name] == together[node.name]


@settings(max_examples=150, deadline=None)
@given(worlds())
def test_the_snapshot_after_events_is_the_snapshot_of_the_result(world):
    """Claims that come one by one, and one that goes again, end where a fresh snapshot starts."""
    memo: Memo[Entry] = Memo(lambda names, score: [(name, score) for name in names])
    names = [node.name for node in world.nodes]
    snapshot = snapshot_of(world._replace(claims=()))
    extra = b.claim("extra")
    for claim in (extra, *world.claims):
        snapshot = snapshot.with_claims([claim])
        ask(snapshot, world, memo).entries(names)
    snapshot = snapshot.with_claims(deletions=[extra.key])
    followed = ask(snapshot, world, memo)
    fresh = ask(snapshot_of(world), world)
    assert followed.entries(names) == fresh.entries(names)
    assert followed.verdicts(names) == fresh.verdicts(names)


@settings(max_examples=150, deadline=None)
@given(worlds())
def test_predicted_devices_are_free_and_different(world):
    """No dedicated device is given away twice."""
    held = {
        result.id
        for claim in world.claims
        if claim.allocation is not None
        for result in claim.allocation.results
    }
    for verdict in verdicts(world).values():
        dedicated = [each.result.id for each in verdict.devices if not each.result.share_id]
        assert len(dedicated) == len(set(dedicated))
        assert held.isdisjoint(each.result.id for each in verdict.devices)
        assert (verdict.devices == ()) or verdict.outcome is Outcome.ALLOCATED


@settings(max_examples=150, deadline=None)
@given(worlds())
def test_more_free_devices_never_make_a_fit_vanish(world):
    """Without constraints and without requests for all devices, freeing a device cannot hurt."""
    plain = _plain(world)
    freed = plain._replace(claims=tuple(claim for claim in plain.claims if claim.allocation is None))
    before, after = verdicts(plain), verdicts(freed)
    for name, verdict in before.items():
        if verdict.outcome is Outcome.ALLOCATED:
            assert after[name].outcome is Outcome.ALLOCATED


@settings(max_examples=100, deadline=None)
@given(worlds())
def test_best_is_at_least_what_is_predicted(world):
    """First fit cannot beat the best choice."""
    evaluation = ask(snapshot_of(world), world)
    for name, verdict in evaluation.verdicts([node.name for node in world.nodes]).items():
        if verdict.alignment is not None and verdict.alignment.predicted is not None:
            best = evaluation.best(name)
            if best.complete:
                assert best.rating is not None
                assert best.rating >= verdict.alignment.predicted


@settings(max_examples=150, deadline=None)
@given(worlds())
def test_devices_of_several_nodes_form_no_pairs(world):
    """A fabric is nowhere on a node, whatever its devices publish: nothing is apart, nor unknown."""
    for verdict in verdicts(world).values():
        pairs = () if verdict.alignment is None else verdict.alignment.pairs
        paired = {verdict.devices[number].result.id.pool for pair in pairs for number in (pair.a, pair.b)}
        assert "fabric" not in paired
        here = [each for each in verdict.devices if each.result.id.pool != "fabric"]
        assert bool(pairs) == (len(here) > 1)


def _plain(world: World) -> World:
    """The world without what makes more devices a burden: constraints, all, fragile selectors, counters."""

    def spec_of(claim: Claim) -> Claim:
        if claim.allocation is not None:
            return claim
        requests = []
        for request in claim.spec.requests:
            exact = request.exactly or request.first_available[0]
            device_class = "any" if exact.device_class == "fragile" else exact.device_class
            requests.append(
                replace(
                    request,
                    exactly=replace(exact, name=request.name, mode="ExactCount", device_class=device_class),
                    first_available=(),
                )
            )
        return replace(claim, spec=b.spec(*requests))

    def slice_of(slice_: ResourceSlice) -> ResourceSlice:
        return replace(
            slice_,
            devices=Devices.of(
                tuple(
                    replace(device, traits=replace(device.traits, consumes_counters=()))
                    for device in slice_.devices
                )
            ),
        )

    return world._replace(claims=tuple(map(spec_of, world.claims)), slices=tuple(map(slice_of, world.slices)))
