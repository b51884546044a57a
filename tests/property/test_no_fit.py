"""What is named as the cause of a no-fit is one: without it, the claims fit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings

from extender.core.cluster.snapshot import Snapshot
from extender.core.prediction.evaluate import Evaluation, Memo, Outcome, Settings, evaluate
from extender.core.prediction.no_fit.causes import Cause, CauseCode, NoFit, RequestFit
from extender.core.reasons import ReasonCode
from extender.core.releases.history import release_for
from extender.core.releases.release import Release
from extender.model import (
    Attribute,
    AttributeKind,
    Claim,
    Device,
    Devices,
    ExactRequest,
    Request,
    ResourceSlice,
)
from tests import builders as b
from tests.property.worlds import World, worlds

RELEASES = ("1.34", "1.35", "1.36.2", "1.37")

_PROBE = "device.attributes['probe.example']"
_OTHERWISE = (ReasonCode.CEL_ERROR, ReasonCode.FEATURE_DISABLED)


@pytest.mark.parametrize("version", RELEASES)
@settings(max_examples=40, deadline=None)
@given(world=worlds())
def test_without_what_is_named_the_claims_fit(version, world):
    """Every no-fit has causes; without one that is a cause alone, or without all others, it fits."""
    release = release_for(version)
    for node, no_fit in no_fits(world, release):
        assert no_fit.causes, (node, no_fit)
        for causes in ways_out(no_fit):
            outcome = outcome_without(causes, world, release, node)
            assert outcome is Outcome.ALLOCATED, (node, causes, outcome, no_fit)


@pytest.mark.parametrize("version", RELEASES)
@settings(max_examples=20, deadline=None)
@given(world=worlds())
def test_what_is_left_can_be_had(version, world):
    """Of the devices of a request those are left that the allocator gives to it alone, one at a time."""
    release = release_for(version)
    for node, no_fit in no_fits(world, release):
        for request in no_fit.requests:
            outcomes = [
                evaluation_of(alone, release).verdicts([node])[node].outcome
                for alone in one_device_each(world, request)
            ]
            if set(outcomes) <= {Outcome.ALLOCATED, Outcome.UNSCHEDULABLE}:
                assert request.left == outcomes.count(Outcome.ALLOCATED), (node, request)
            assert request.passing <= request.devices


@pytest.mark.parametrize("version", RELEASES)
@settings(max_examples=30, deadline=None)
@given(world=worlds())
def test_nodes_that_look_the_same_are_told_apart(version, world):
    """What was found out for one node serves another, with the names of that one's claims and pools."""
    world, release = alike(world), release_for(version)
    for node, no_fit in no_fits(world, release):
        alone = evaluation_of(world, release)
        assert alone.no_fit(node, alone.verdicts([node])[node]) == no_fit


def alike(world: World) -> World:
    """A world in which each node has what the first one has."""
    first, *others = (node.name for node in world.nodes)
    slices = [each for each in world.slices if each.node_name in ("", first)]
    local = [each for each in slices if each.node_name == first]
    slices += [
        replace(each, name=f"{other}-{each.name}", pool=other, node_name=other)
        for other in others
        for each in local
    ]
    claims = [each for each in world.claims if each.allocation is None]
    for held in world.claims:
        for result in held.allocation.results if held.allocation is not None else ():
            pools = (
                [first, *others]
                if result.id.pool == first
                else [result.id.pool] * (result.id.pool == "fabric")
            )
            claims += [b.holding(f"{held.name}-{pool}", result.id._replace(pool=pool)) for pool in pools]
    return world._replace(slices=tuple(slices), claims=tuple(claims))


def one_device_each(world: World, fit: RequestFit) -> Iterator[World]:
    """For each device a world in which the pod asks for it alone, as ``fit`` does for several."""
    name, _, sub = fit.request.partition("/")
    claim = next(each for each in world.claims if each.name == fit.claim)
    request = next(each for each in claim.spec.requests if each.name == name)
    exact = request.exactly or next(each for each in request.first_available if each.name == sub)
    one = replace(exact, mode="ExactCount", count=1, selectors=(*exact.selectors, f"'it' in {_PROBE}"))
    request = replace(request, first_available=(one,)) if sub else replace(request, exactly=one)
    held = [each for each in world.claims if each.allocation is not None]
    asking = replace(claim, spec=b.spec(request, constraints=claim.spec.constraints))
    mark = {"probe.example/it": Attribute(AttributeKind.BOOL, value=True)}
    for slice_ in world.slices:
        for device in slice_.devices:
            marked = replace(device, attributes={**device.attributes, **mark})
            devices = tuple(marked if each.name == device.name else each for each in slice_.devices)
            yield world._replace(
                slices=tuple(
                    replace(each, devices=Devices.of(devices)) if each is slice_ else each
                    for each in world.slices
                ),
                claims=(*held, asking),
                pod=b.pod("pod", claim.name),
            )


def no_fits(world: World, release: Release) -> Iterable[tuple[str, NoFit]]:
    """The nodes on which the pod does not fit, and why."""
    evaluation = evaluation_of(world, release)
    names = [node.name for node in world.nodes]
    for name, verdict in evaluation.verdicts(names).items():
        if verdict.reason is not None and verdict.reason.code is ReasonCode.NO_FIT:
            no_fit = evaluation.no_fit(name, verdict)
            assert no_fit is not None
            yield name, no_fit


def evaluation_of(world: World, release: Release) -> Evaluation[int]:
    snapshot = Snapshot.of(
        release=release,
        nodes=world.nodes,
        slices=world.slices,
        classes=world.classes,
        claims=world.claims,
    )
    return evaluate(snapshot, world.pod, Memo(lambda names, score: [score] * len(names)), Settings())


def ways_out(no_fit: NoFit) -> list[list[Cause]]:
    """Each cause alone that is one alone, and all others together."""
    together = [cause for cause in no_fit.causes if not cause.alone]
    return [[cause] for cause in no_fit.causes if cause.alone] + ([together] if together else [])


def outcome_without(causes: list[Cause], world: World, release: Release, node: str) -> Outcome:
    """
    What is predicted when the causes are no more.

    A search that gets further may come to a device whose selector fails, and the allocator that a
    gate calls for may refuse what the other ignored. Neither is about what is free.
    """
    gates = [gate for cause in causes if cause.code is CauseCode.FEATURE_OFF for gate in cause.by]
    if gates:
        release = release_for(release.version, dict.fromkeys(gates, True))
    for cause in causes:
        world, release = without(cause, world, release)
    verdict = evaluation_of(world, release).verdicts([node])[node]
    if verdict.reason is not None and verdict.reason.code in _OTHERWISE:
        return Outcome.ALLOCATED
    return verdict.outcome


def without(cause: Cause, world: World, release: Release) -> tuple[World, Release]:
    """The world, or another release, without one cause."""
    match cause.code:
        case CauseCode.HELD | CauseCode.COUNTERS_SPENT | CauseCode.CAPACITY_SPENT:
            kept = tuple(each for each in world.claims if "/".join(each.key) not in cause.by)
            return world._replace(claims=kept), release
        case CauseCode.TAINTED:
            return _with_devices(world, lambda traits: replace(traits, taints=())), release
        case CauseCode.COUNTERS_TOO_SMALL:
            return _with_devices(world, lambda traits: replace(traits, consumes_counters=())), release
        case CauseCode.CAPACITY_TOO_SMALL:
            world = _with_devices(world, lambda traits: replace(traits, capacity=()))
            return _with_requests(world, lambda _, __, each: replace(each, capacity=None)), release
        case CauseCode.POOL_INCOMPLETE:
            return world._replace(slices=tuple(_completed(world.slices, cause.by))), release
        case CauseCode.FEATURE_OFF:
            return world, release
        case CauseCode.CONSTRAINT:
            return _without_constraint(world, cause), release
        case CauseCode.TOO_FEW_DEVICES | CauseCode.REQUESTS_COMPETE:
            return _asking_for_less(world, cause), release
        case CauseCode.COUNTERS_LEAK:
            return world, replace(release, counters=replace(release.counters, leak=False))
        case _:
            raise AssertionError(cause)


def _with_devices(world: World, change) -> World:
    def changed(device: Device) -> Device:
        return replace(device, traits=change(device.traits))

    return world._replace(
        slices=tuple(
            replace(each, devices=Devices.of(tuple(map(changed, each.devices)))) for each in world.slices
        )
    )


def _with_requests(world: World, change) -> World:
    def spec_of(claim: Claim) -> Claim:
        def changed(request: Request) -> Request:
            def exact(each: ExactRequest) -> ExactRequest:
                name = f"{request.name}/{each.name}" if request.first_available else each.name
                return change(claim.name, name, each)

            return replace(
                request,
                exactly=None if request.exactly is None else exact(request.exactly),
                first_available=tuple(map(exact, request.first_available)),
            )

        requests = tuple(map(changed, claim.spec.requests))
        spec = replace(claim.spec, requests=requests, fingerprint=repr((requests, claim.spec.constraints)))
        return claim if claim.allocation is not None else replace(claim, spec=spec)

    return world._replace(claims=tuple(map(spec_of, world.claims)))


def _asking_for_less(world: World, cause: Cause) -> World:
    def less(claim: str, name: str, each: ExactRequest) -> ExactRequest:
        if (claim, name) != (cause.claim, cause.request):
            return each
        return replace(each, mode="ExactCount", count=cause.devices)

    return _with_requests(world, less)


def _without_constraint(world: World, cause: Cause) -> World:
    def freed(claim: Claim) -> Claim:
        if claim.name != cause.claim:
            return claim
        kept = tuple(
            each
            for each in claim.spec.constraints
            if (each.match_attribute or each.distinct_attribute) not in cause.by
        )
        return replace(
            claim, spec=replace(claim.spec, constraints=kept, fingerprint=repr((claim.spec, kept)))
        )

    return world._replace(claims=tuple(map(freed, world.claims)))


def _completed(slices: Iterable[ResourceSlice], pools: Iterable[str]) -> Iterable[ResourceSlice]:
    slices = tuple(slices)
    for each in slices:
        if str(each.pool_id) in pools:
            count = sum(other.pool_id == each.pool_id for other in slices)
            yield replace(each, resource_slice_count=count)
        else:
            yield each
