"""Which claims are rewritten, how, and why the others are not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extender.core.cluster.snapshot import Snapshot
from extender.core.prediction.evaluate import Memo, Settings, evaluate
from extender.core.releases.history import release_for
from extender.core.soft_alignment.refusals import Refusal, RefusalCode, render_refusal
from extender.core.soft_alignment.soften import (
    ALIGNED,
    ANY,
    Form,
    Rewrite,
    SubRequest,
    lacking,
    rewritten,
    soften,
)
from extender.model import (
    Attribute,
    AttributeKind,
    Constraint,
    CounterConsumption,
    Device,
    DeviceClass,
    DeviceTraits,
    Node,
    Request,
)
from extender.model.quantity import Quantity
from tests import builders as b

BUS = "resource.kubernetes.io/pciBusID"
ROOTS = ("pci0000:10", "pci0000:80")
PINNED = "device.attributes['example.com'].model == 'a'"
NO_ROOT = '!("pcieRoot" in device.attributes["resource.kubernetes.io"])'
CLASSES = (*b.CLASSES, DeviceClass("cpu", ("device.driver == 'dra.cpu'",)), DeviceClass("any"))


def world(*more, gpus=ROOTS, nics=ROOTS, version="1.36.2", gates=None):
    """One node with a GPU per root and a NIC per root; ``more``: further slices."""
    node, slices = b.pair_node("node-a", gpus, nics)
    return Snapshot.of(
        release=release_for(version, gates), nodes=[node], slices=[*slices, *more], classes=CLASSES
    )


def code_of(spec, snapshot=None):
    found = soften(spec, snapshot or world())
    assert isinstance(found, Refusal), found
    assert render_refusal(found)
    return found.code


def test_a_pair_gets_form_one():
    """GPU and NIC, every one with a root: in the order of the claim, the second without a fallback."""
    assert soften(b.PAIR, world()) == Rewrite(
        Form.ONE,
        ("gpu", "nic"),
        (
            ("gpu", (SubRequest(ALIGNED), SubRequest(ANY))),
            ("nic", (SubRequest(ALIGNED), SubRequest(ANY, NO_ROOT))),
        ),
        (Constraint(("gpu/aligned", "nic/aligned"), b.ROOT),),
        nodes=1,
        exact=1,
    )


def test_the_request_whose_devices_lack_the_root_comes_first():
    """Where some NIC has no root but every GPU has one, form 1 is exact with the NIC in front."""
    found = soften(b.PAIR, world(nics=(ROOTS[0], None)))
    assert isinstance(found, Rewrite)
    assert (found.form, found.order, found.exact) == (Form.ONE, ("nic", "gpu"), 1)


def test_form_two_where_both_kinds_lack_the_root_now_and_then():
    """The PCI address tells the kinds apart, so that the second request cannot give up too early."""

    def devices(kind):
        return [
            Device(f"{kind}-{i}", {BUS: b.text(f"{kind}{i}"), **({b.ROOT: b.text(root)} if root else {})})
            for i, root in enumerate((None, *ROOTS))
        ]

    slices = [b.slice_of("gpu.nvidia.com", "n", devices("g")), b.slice_of("dra.net", "n", devices("n"))]
    snapshot = Snapshot.of(release=release_for("1.36.2"), nodes=[Node("n")], slices=slices, classes=b.CLASSES)
    found = soften(b.PAIR, snapshot)
    assert isinstance(found, Rewrite)
    assert (found.form, found.nodes, found.exact) == (Form.TWO, 1, 1)
    assert found.constraints == (
        Constraint(("gpu/aligned", "nic/aligned"), b.ROOT),
        Constraint(("gpu/aligned", "nic/any"), BUS),
    )
    assert dict(found.sub_requests)["nic"][2] == SubRequest("rest", lacking(BUS))


def test_without_a_form_that_is_exact_the_claim_is_rewritten_all_the_same():
    """It is safe, and finds the pairs that it finds."""
    found = soften(b.PAIR, world(gpus=(*ROOTS, None), nics=(*ROOTS, None)))
    assert isinstance(found, Rewrite)
    assert (found.nodes, found.exact) == (1, 0)


def test_what_else_a_claim_asks_for_comes_after_the_pair():
    """Untouched, in its own order."""
    cpus = b.slice_of("dra.cpu", "node-a", [b.device("cpu-0")])
    more = [b.request(name, "cpu") for name in ("cpu", "more")]
    spec = b.spec(more[0], *b.PAIR.requests, more[1])
    found = soften(spec, world(cpus))
    assert isinstance(found, Rewrite)
    assert found.order == ("gpu", "nic", "cpu", "more")
    assert rewritten(spec, found).requests[2:] == tuple(more)


def test_alternatives_say_all_that_the_request_said():
    """Selectors, tolerations, capacity: the same in each, and one more selector where the form needs it."""
    nic = b.request("nic", "nic", selectors=("true",), capacity=())
    spec = b.spec(b.request("gpu", "gpu"), nic)
    found = soften(spec, world())
    assert isinstance(found, Rewrite)
    _, made = rewritten(spec, found).requests
    assert nic.exactly is not None
    assert made.first_available == (
        replace(nic.exactly, name="aligned"),
        replace(nic.exactly, name="any", selectors=("true", NO_ROOT)),
    )


def test_an_empty_root_says_nothing():
    """Drivers publish it for what they do not know; that two devices have it in common is no gain."""
    assert code_of(b.PAIR, world(gpus=("", "r1"), nics=("", "r2"))) is RefusalCode.NOTHING_TO_GAIN
    found = soften(b.PAIR, world(gpus=("", "r1"), nics=("r1", "")))
    assert isinstance(found, Rewrite)


def test_lists_count_as_sets_where_the_gate_is_on():
    """Without the gate a list equals nothing."""
    nic = Device("nic-0", {b.ROOT: Attribute(AttributeKind.STRINGS, ("x", ROOTS[0]))})
    lists = b.slice_of("dra.net", "node-a", [nic])
    node, slices = b.pair_node("node-a", ROOTS, [])
    for on in (True, False):
        snapshot = Snapshot.of(
            release=release_for("1.37.2", {"DRAListTypeAttributes": on}),
            nodes=[node],
            slices=[slices[0], lists],
            classes=b.CLASSES,
        )
        found = soften(b.PAIR, snapshot)
        if on:
            assert isinstance(found, Rewrite)
        else:
            assert isinstance(found, Refusal)
            assert found.code is RefusalCode.NOTHING_TO_GAIN


def test_a_value_that_no_constraint_accepts_has_no_safe_form():
    """An empty list: it is the root, so no fallback selects the device, and no constraint accepts it."""
    nics = [b.device("nic-0", ROOTS[0]), Device("nic-1", {b.ROOT: Attribute(AttributeKind.STRINGS, ())})]
    snapshot = world(
        b.slice_of("dra.net", "node-b", nics), version="1.37.2", gates={"DRAListTypeAttributes": True}
    )
    assert code_of(b.PAIR, snapshot) is RefusalCode.NO_SAFE_FORM


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        (
            b.spec(Request("gpu", first_available=b.PAIR.requests[0].first_available), b.PAIR.requests[1]),
            RefusalCode.UNSUPPORTED_REQUEST,
        ),
        (
            b.spec(*b.PAIR.requests, constraints=[Constraint((), b.NUMA)]),
            RefusalCode.ALREADY_CONSTRAINED,
        ),
        (b.spec(b.request("gpu", "gpu", mode="All"), b.PAIR.requests[1]), RefusalCode.ALL_MODE),
        (b.spec(b.request("gpu", "gpu", admin_access=False), b.PAIR.requests[1]), RefusalCode.ADMIN_ACCESS),
        (
            b.spec(b.request("gpu", "gpu", derived=((b.ROOT, "''"),)), b.PAIR.requests[1]),
            RefusalCode.DERIVED_ATTRIBUTES,
        ),
        (b.spec(b.request("gpu", "gpu", count=2), b.PAIR.requests[1]), RefusalCode.COUNT),
        (
            b.spec(b.request("gpu", "gpu", selectors=("true",) * 32), b.PAIR.requests[1]),
            RefusalCode.TOO_MANY_SELECTORS,
        ),
        (b.spec(b.PAIR.requests[0]), RefusalCode.NOT_TWO_KINDS),
        (b.spec(b.PAIR.requests[0], b.request("more", "gpu")), RefusalCode.NOT_TWO_KINDS),
        (b.spec(*b.PAIR.requests, b.request("more", "gpu")), RefusalCode.SEVERAL_PAIRS),
        (b.spec(b.request("gpu", "absent"), b.PAIR.requests[1]), RefusalCode.UNSUPPORTED_REQUEST),
        (b.spec(*b.PAIR.requests, b.request("cpu", "cpu")), RefusalCode.NO_DEVICES),
        (b.spec(b.request("any", "any"), b.PAIR.requests[1]), RefusalCode.NOT_TWO_KINDS),
        (
            b.spec(b.request("gpu", "gpu", selectors=(PINNED,)), b.PAIR.requests[1]),
            RefusalCode.SELECTOR_FAILS,
        ),
    ],
    ids=lambda value: value.value if isinstance(value, RefusalCode) else "",
)
def test_what_a_claim_says_can_rule_it_out(spec, code):
    """Each with its own reason."""
    assert code_of(spec) is code


def test_alternatives_of_the_author_stay():
    """Ours are known by their names, which makes rewriting idempotent; others are left alone."""
    gpu = b.PAIR.requests[0].exactly
    assert gpu is not None
    for names, code in (
        ((ALIGNED, ANY), RefusalCode.ALREADY_REWRITTEN),
        (("big", "small"), RefusalCode.ALREADY_PRIORITIZED),
    ):
        soft = Request("gpu", first_available=tuple(replace(gpu, name=name) for name in names))
        assert code_of(b.spec(soft, b.PAIR.requests[1])) is code


def test_a_hazard_on_any_node_keeps_the_claim_as_it_is():
    """Also on a node without a pair: a claim outlives the placement."""
    traits = DeviceTraits(consumes_counters=(CounterConsumption("set", (("units", Quantity(1)),)),))
    more = b.slice_of("gpu.nvidia.com", "node-b", [b.device("gpu-9", ROOTS[0], traits=traits)])
    assert code_of(b.PAIR, world(more, version="1.36.2")) is RefusalCode.COUNTERS
    assert isinstance(soften(b.PAIR, world(more, version="1.36.3")), Rewrite)


def test_nothing_to_gain():
    """No node where the two could share a root, or no name for it in common."""
    assert code_of(b.PAIR, world(gpus=ROOTS[:1], nics=ROOTS[1:])) is RefusalCode.NOTHING_TO_GAIN
    assert code_of(b.PAIR, world(gpus=[None])) is RefusalCode.NO_COMMON_ATTRIBUTE


def test_the_gate_for_alternatives_is_off():
    """The API server would drop or refuse them."""
    gates = {"DRAPrioritizedList": False}
    assert code_of(b.PAIR, world(version="1.36.2", gates=gates)) is RefusalCode.NO_PRIORITIZED_LIST


@pytest.mark.parametrize(
    ("nic_root", "devices"),
    [
        ("B", {"gpu/aligned": "gpu-1", "nic/aligned": "nic-0"}),
        ("C", {"gpu/any": "gpu-0", "nic/aligned": "nic-0"}),
    ],
)
def test_the_example_of_the_page(nic_root, devices):
    """docs/soft-alignment.md: the aligned pair where there is one, else what the claim as written gets."""
    rewrite = soften(b.PAIR, world(gpus=("A", "B"), nics=("B",)))
    assert isinstance(rewrite, Rewrite)
    snapshot = world(gpus=("A", "B"), nics=(nic_root,)).with_claims(
        [b.claim("c", rewritten(b.PAIR, rewrite))]
    )
    asked = evaluate(
        snapshot, b.pod("job-1", "c"), Memo(lambda names, _score: [b""] * len(names)), Settings()
    )
    found = asked.verdicts(["node-a"])["node-a"].devices
    assert {each.result.request: each.result.id.device for each in found} == devices
