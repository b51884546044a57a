"""Options that need no search, because no device can meet them."""

from __future__ import annotations

from collections.abc import Iterable

from extender.cel import unlimited
from extender.core.advice.constraint_options import (
    ConstraintOption,
    OptionKind,
    constraint_options,
    location_attributes,
    participants,
)
from extender.core.advice.option_evidence import OptionEvidence, cannot_hold, publications_of, sound
from extender.core.advice.publications import selections
from extender.core.advice.survey import NodeGroup, outcomes
from extender.core.claims.compiled_claims import compile_claims
from extender.core.claims.plan import Plan
from extender.core.claims.pod_claims import PodClaims
from extender.core.cluster.snapshot import Snapshot
from extender.core.reasons import Outcome
from extender.model import Claim, ClaimSpec, Device, Pod
from tests import builders as b
from tests.core.advice import judging

DRIVERS = ("dra.net", "gpu.nvidia.com")


def world(gpus: Iterable[Device], nics: Iterable[Device]) -> Snapshot:
    return b.snapshot(b.machine("node", gpus, nics))


def surveyed(snapshot: Snapshot, spec: ClaimSpec) -> tuple[NodeGroup, ...]:
    claim = Claim("default", "c", "", spec)
    plan = Plan(Pod("default", "p"), PodClaims((claim,)), (spec,), (None,))
    return judging.surveyed(plan, snapshot)


def evidence(
    snapshot: Snapshot, spec: ClaimSpec = b.PAIR
) -> tuple[OptionEvidence, dict[str, ConstraintOption]]:
    """What is known of a claim, and its options by attribute."""
    group = surveyed(snapshot, spec)
    names = location_attributes(DRIVERS, snapshot.vocabulary)
    selected = selections(group, snapshot, names)
    who, _ = participants(spec, 0, selected, names)
    compiled = compile_claims([spec], snapshot.classes, snapshot.release, unlimited())
    found = constraint_options([spec], ["c"], [who], names, snapshot.vocabulary)
    options = {each.attribute: each for each in found if each.kind is OptionKind.MATCH}
    return OptionEvidence(compiled, selected, (who,), sound(group)), options


def test_an_attribute_that_one_side_never_publishes():
    """No NIC has a root: the option holds nowhere, which a search confirms."""
    snapshot = world([b.device("gpu-0", "pci0000:10")], [b.device("nic-0", numa=0)])
    known, options = evidence(snapshot)
    assert cannot_hold(options[b.ROOT], known)
    assert outcomes(surveyed(snapshot, options[b.ROOT].specs[0])) == {Outcome.UNSCHEDULABLE: 1}
    counts = {each.driver: (each.published, each.devices) for each in publications_of(options[b.ROOT], known)}
    assert counts == {"dra.net": (0, 1), "gpu.nvidia.com": (1, 1)}


def test_an_attribute_that_some_publish():
    """One NIC of two has a root, so only a search can tell."""
    nics = [b.device("nic-0"), b.device("nic-1", "pci0000:20")]
    known, options = evidence(world([b.device("gpu-0", "pci0000:10")], nics))
    assert not cannot_hold(options[b.ROOT], known)


def test_a_selector_that_fails_leaves_it_open():
    """An abort is no refusal: where a selector fails on any device, nothing is certain."""
    spec = b.spec(
        b.request("gpu", "gpu", selectors=("device.attributes['example.com'].mark",)), b.request("nic", "nic")
    )
    mark = b.device("gpu-0", mark=b.text("x"))
    known, options = evidence(world([b.device("gpu-1"), mark], [b.device("nic-0")]), spec)
    assert not known.sound
    assert all(not cannot_hold(each, known) for each in options.values())


def test_all_devices_leave_it_open():
    """A request for *all* devices aborts under a constraint that one of them breaks."""
    spec = b.spec(b.request("gpu", "gpu", mode="All"), b.request("nic", "nic"))
    snapshot = world([b.device("gpu-0")], [b.device("nic-0")])
    known, options = evidence(snapshot, spec)
    assert not cannot_hold(options[b.ROOT], known)
    assert outcomes(surveyed(snapshot, options[b.ROOT].specs[0])) == {Outcome.ERROR: 1}
