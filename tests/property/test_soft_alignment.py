"""A claim that is rewritten for soft alignment fits wherever the claim fits, and gets the aligned pair."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from extender.core.claims.preferences import most_passed_over
from extender.core.cluster.snapshot import Snapshot
from extender.core.prediction.evaluate import Memo, NodeVerdict, Outcome, Settings, evaluate
from extender.core.releases.history import release_for
from extender.core.soft_alignment.refusals import Refusal, RefusalCode
from extender.core.soft_alignment.soften import ALIGNED, Form, Rewrite, rewritten, soften
from extender.model import (
    NO_DEVICES,
    Claim,
    ClaimSpec,
    Constraint,
    CounterConsumption,
    CounterSet,
    Device,
    DeviceID,
    Devices,
    DeviceTraits,
    ResourceSlice,
    Taint,
    Toleration,
)
from extender.model.quantity import Quantity
from tests import builders as b
from tests.property.draws import EITHER, below, between
from tests.property.test_laws import RELEASES
from tests.property.worlds import CLASSES, NODES

BUS = "resource.kubernetes.io/pciBusID"
ROOTS = ("pci0000:10", "pci0000:20", None)
DRIVERS = ("gpu.nvidia.com", "dra.net")

_ROOTS = st.sampled_from(ROOTS)
_ORDERS = st.permutations(("gpu", "nic"))


@st.composite
def devices(draw: st.DrawFn, driver: str) -> tuple[Device, ...]:
    """Some without a root, some without an address, some tainted, some that draw on counters."""
    counters = driver == "gpu.nvidia.com" and draw(below(4)) == 0
    lacks_addresses = draw(EITHER)
    made = []
    for number in range(draw(below(5))):
        attributes = {}
        root = draw(_ROOTS)
        if root is not None:
            attributes[b.ROOT] = b.text(root)
        if not (lacks_addresses and draw(EITHER)):
            attributes[BUS] = b.text(f"0000:{DRIVERS.index(driver)}{number}:00.0")
        traits = DeviceTraits(
            taints=(Taint("broken", "NoSchedule"),) if draw(below(6)) == 0 else (),
            consumes_counters=(CounterConsumption("set", (("units", Quantity(10**9)),)),) if counters else (),
        )
        made.append(Device(f"device-{number}", attributes, traits))
    return tuple(made)


_DEVICES = {driver: devices(driver) for driver in DRIVERS}


@st.composite
def slices(draw: st.DrawFn) -> tuple[ResourceSlice, ...]:
    made = []
    for node in NODES:
        for driver in DRIVERS:
            offered = draw(_DEVICES[driver])
            parts = [
                ResourceSlice(
                    f"{node.name}-{driver}",
                    driver,
                    node.name,
                    node_name=node.name,
                    devices=Devices.of(offered),
                )
            ]
            if any(device.traits.consumes_counters for device in offered):
                total = Quantity(draw(between(1, 2)) * 10**9)
                shared = (CounterSet("set", (("units", total),)),)
                parts.append(
                    replace(parts[0], name=f"{parts[0].name}-0", devices=NO_DEVICES, shared_counters=shared)
                )
            made += [replace(part, resource_slice_count=len(parts)) for part in parts]
    return tuple(made)


@st.composite
def claims(draw: st.DrawFn) -> ClaimSpec:
    """A GPU and a NIC in either order, and perhaps one more device of any kind, first or last."""
    tolerations = (Toleration(operator="Exists"),) if draw(EITHER) else ()
    pair = {"gpu": b.request("gpu", "gpu", tolerations=tolerations), "nic": b.request("nic", "nic")}
    requests = [pair[name] for name in draw(_ORDERS)]
    more = draw(below(4))
    if more < 2:
        requests.insert(2 * more, b.request("more", "any", count=draw(between(1, 2))))
    return b.spec(*requests)


def held(draw_from: tuple[ResourceSlice, ...], picks: list[int]) -> list[Claim]:
    """Claims that hold some of the devices."""
    ids = [DeviceID(each.driver, each.pool, device.name) for each in draw_from for device in each.devices]
    chosen = sorted({ids[pick % len(ids)] for pick in picks}) if ids else []
    return [b.holding(f"held-{number}", each) for number, each in enumerate(chosen)]


def snapshot(offered: tuple[ResourceSlice, ...], version: str, *others: Claim) -> Snapshot:
    return Snapshot.of(
        release=release_for(version), nodes=NODES, slices=offered, classes=CLASSES, claims=others
    )


def verdicts(world: Snapshot, spec: ClaimSpec) -> dict[str, NodeVerdict]:
    """What a pod with the claim gets on each node."""
    memo: Memo[bytes] = Memo(lambda names, _score: [b""] * len(names))
    asking = evaluate(world.with_claims([b.claim("c", spec)]), b.pod("p", "c"), memo, Settings())
    return asking.verdicts([node.name for node in NODES])


PICKS = st.lists(below(32), max_size=5)


@pytest.mark.parametrize("version", [*RELEASES, "1.36.3"])
@settings(max_examples=60, deadline=None)
@given(known=slices(), later=slices(), spec=claims(), picks=PICKS)
def test_it_fits_where_the_claim_fits(version, known, later, spec, picks):
    """On every node, and only there; also on slices that nobody knew when the claim was rewritten."""
    world = snapshot(known, version)
    rewrite = soften(spec, world)
    if not isinstance(rewrite, Rewrite):
        return
    leaks = release_for(version).counters.leak
    if leaks and any(each.traits.consumes_counters for of in later for each in of.devices):
        later = known
    for offered in (known, later):
        now = snapshot(offered, version, *held(offered, picks))
        before, after = verdicts(now, spec), verdicts(now, rewritten(spec, rewrite))
        assert {name: verdict.outcome for name, verdict in after.items()} == {
            name: verdict.outcome for name, verdict in before.items()
        }


@pytest.mark.parametrize("version", RELEASES)
@settings(max_examples=60, deadline=None)
@given(offered=slices(), spec=claims(), picks=PICKS)
def test_an_aligned_pair_is_taken_where_there_is_one(version, offered, spec, picks):
    """Wherever the claim would fit with a hard constraint, if the form is exact on all nodes."""
    rewrite = soften(spec, snapshot(offered, version))
    if not isinstance(rewrite, Rewrite) or rewrite.exact < rewrite.nodes:
        return
    now = snapshot(offered, version, *held(offered, picks))
    hard = b.spec(*spec.requests, constraints=[Constraint(("gpu", "nic"), b.ROOT)])
    soft = verdicts(now, rewritten(spec, rewrite))
    for name, verdict in verdicts(now, hard).items():
        names = {device.result.request for device in soft[name].devices}
        aligned = {f"gpu/{ALIGNED}", f"nic/{ALIGNED}"} <= names
        assert aligned == (verdict.outcome is Outcome.ALLOCATED)


@settings(max_examples=30, deadline=None)
@given(spec=claims(), offered=slices())
def test_rewriting_twice_changes_nothing(spec, offered):
    world = snapshot(offered, "1.37")
    rewrite = soften(spec, world)
    assume(isinstance(rewrite, Rewrite))
    assert isinstance(rewrite, Rewrite)
    again = soften(rewritten(spec, rewrite), world)
    assert isinstance(again, Refusal)
    assert again.code is RefusalCode.ALREADY_REWRITTEN


@settings(max_examples=60, deadline=None)
@given(spec=claims(), offered=slices(), picks=PICKS)
def test_its_alternatives_are_no_wish_of_the_author(spec, offered, picks):
    """Nodes score by the alignment of what they give, whichever alternatives they use."""
    rewrite = soften(spec, snapshot(offered, "1.37"))
    assume(isinstance(rewrite, Rewrite))
    assert isinstance(rewrite, Rewrite)
    soft = rewritten(spec, rewrite)
    assert most_passed_over([soft]) == 0
    for verdict in verdicts(snapshot(offered, "1.37", *held(offered, picks)), soft).values():
        if verdict.alignment is not None and verdict.alignment.predicted is not None:
            assert 100 * verdict.alignment.predicted - 1.5 <= verdict.score
            assert verdict.score <= 100 * verdict.alignment.predicted + 0.5


def copied(offered: tuple[ResourceSlice, ...], to: str) -> tuple[ResourceSlice, ...]:
    """The slices of the first node, as another machine of its type publishes them."""
    own = [each for each in offered if each.node_name == NODES[0].name]
    return tuple(
        replace(each, name=f"{to}{each.name.removeprefix(each.pool)}", pool=to, node_name=to) for each in own
    )


def columns_made_anew(slice_: ResourceSlice) -> ResourceSlice:
    """Equal, but no column is another slice's."""
    return replace(slice_, devices=Devices.of(tuple(slice_.devices)))


@pytest.mark.parametrize("version", ["1.34", "1.36.2", "1.38"])
@settings(max_examples=60, deadline=None)
@given(offered=slices(), spec=claims(), copies=below(4))
def test_like_nodes_count_as_many_as_they_are(version, offered, spec, copies):
    """Machines of one type share columns, and are looked at once; without that, each is looked at."""
    names = [f"copy-{number}" for number in range(copies)]
    fleet = offered + tuple(each for name in names for each in copied(offered, name))
    nodes = (*NODES, *(replace(NODES[0], name=name) for name in names))

    def asked(shown: tuple[ResourceSlice, ...]) -> Rewrite | Refusal:
        return soften(
            spec,
            Snapshot.of(release=release_for(version), nodes=nodes, slices=shown, classes=CLASSES),
        )

    assert asked(fleet) == asked(tuple(map(columns_made_anew, fleet)))


def test_both_forms_are_reached():
    """Each where it is exact: the laws above would hold of nothing if neither ever came about."""
    spec = b.PAIR
    rooted = [b.device(f"d{i}", root) for i, root in enumerate(("r0", "r1"))]
    mixed = [Device(f"d{i}", {**each.attributes, BUS: b.text(f"n{i}")}) for i, each in enumerate(rooted)]
    mixed.append(Device("d2", {BUS: b.text("n2")}))
    gpus = [Device(each.name, {**each.attributes, BUS: b.text(f"g-{each.name}")}) for each in mixed]
    forms = {}
    for name, pair in {"rooted": (rooted, rooted), "mixed": (gpus, mixed)}.items():
        offered = [b.slice_of(driver, "node-0", found) for driver, found in zip(DRIVERS, pair, strict=True)]
        rewrite = soften(spec, snapshot(tuple(offered), "1.36.2"))
        assert isinstance(rewrite, Rewrite)
        forms[name] = (rewrite.form, rewrite.nodes, rewrite.exact)
    assert forms == {"rooted": (Form.ONE, 1, 1), "mixed": (Form.TWO, 1, 1)}
