"""What surveys show: selectors that fail, requests that select nothing, searches without end."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from extender.core.advice.advisor import Subject, advise
from extender.core.advice.claim_warnings import WarningCode, render_warning
from extender.core.prediction.evaluate import Settings
from extender.model import Attribute, AttributeKind, ClaimSpec, Constraint, Device
from tests import builders as b

MARK = "device.attributes['example.com'].mark"
YES = Attribute(AttributeKind.BOOL, value=True)


def warned(
    spec: ClaimSpec, *nodes: Iterable[Device], settings: Settings | None = None, release: str = "1.36"
) -> dict[WarningCode, str]:
    """The warnings by code, as text, on nodes with these GPUs."""
    machines = [b.machine(f"node-{number}", devices, ()) for number, devices in enumerate(nodes)]
    snapshot = b.snapshot(*machines, release=release)
    subject = Subject(b.pod("p", "c"), (b.claim("c", spec),))
    advice = advise(subject, snapshot, settings or Settings(), lambda _: None)
    return {each.code: render_warning(each) for each in advice.warnings}


def test_a_selector_that_fails_aborts():
    """On one of two nodes the first device lacks the attribute: the whole attempt is aborted there."""
    spec = b.spec(b.request("gpu", "gpu", selectors=(MARK,)))
    found = warned(spec, [b.device("gpu-0", mark=YES)], [b.device("gpu-0")])
    assert found.keys() == {WarningCode.SELECTOR_FAILS}
    text = found[WarningCode.SELECTOR_FAILS]
    assert text.startswith("request gpu: the CEL selector fails on devices of 1 node,")
    assert "gpu.nvidia.com/node-1/gpu-0: no such key: mark" in text


def test_a_selector_that_can_fail():
    """The device without the attribute comes second, so nothing fails until the first is taken."""
    spec = b.spec(b.request("gpu", "gpu", selectors=(MARK,)))
    found = warned(spec, [b.device("gpu-0", mark=YES), b.device("gpu-1")])
    assert found.keys() == {WarningCode.SELECTOR_CAN_FAIL}
    assert "fails on 1 device," in found[WarningCode.SELECTOR_CAN_FAIL]


def test_a_request_that_selects_nothing():
    """No device passes: the request is named, and the claim holds nowhere."""
    spec = b.spec(b.request("gpu", "gpu", selectors=("device.driver == 'gpu.amd.com'",)))
    found = warned(spec, [b.device("gpu-0")])
    assert found.keys() == {WarningCode.HOLDS_NOWHERE, WarningCode.SELECTS_NOTHING}
    assert found[WarningCode.HOLDS_NOWHERE].endswith(
        "its selectors reject the only device of this node that is of its class"
    )


def test_what_is_in_the_way_on_most_nodes_with_devices():
    """Two nodes have one GPU, another has two, and most have no devices at all."""
    nodes = [[b.device("gpu-0")], [b.device("gpu-0")], [b.device("gpu-0"), b.device("gpu-1")], [], [], []]
    found = warned(b.spec(b.request("gpu", "gpu", 3)), *nodes)
    assert found.keys() == {WarningCode.HOLDS_NOWHERE}
    assert found[WarningCode.HOLDS_NOWHERE] == (
        "no node can meet this, not even an empty one: on 2 of 6 nodes request gpu asks for 3 devices, and "
        "this node has no more than 1 that pass class and selectors"
    )


def test_another_abort():
    """More devices than a claim may have abort everywhere, so the claim holds nowhere."""
    found = warned(b.spec(b.request("gpu", "gpu", 33)), [b.device("gpu-0")])
    assert found.keys() == {WarningCode.HOLDS_NOWHERE, WarningCode.ATTEMPT_ABORTS}
    assert "more than the limit of 32" in found[WarningCode.HOLDS_NOWHERE]


def test_what_cannot_be_evaluated_is_said():
    """A claim that the release refuses is impossible with that reason."""
    found = warned(b.spec(b.request("gpu", "gpu", selectors=(None,))), [b.device("gpu-0")])
    assert found.keys() == {WarningCode.HOLDS_NOWHERE}


def test_searches_that_explode():
    """Many devices of which no set satisfies the constraint: given up, or long, as the budget allows."""
    # Ten of twenty on one root, and no root has more than two.
    devices = [b.device(f"gpu-{i:02}", f"pci0000:{i // 2:02x}", i % 2) for i in range(20)]
    requests = [b.request(f"r{i}", "gpu") for i in range(6)]
    constraints = [Constraint(("r4", "r5"), match_attribute="example.com/rank")]
    ranked = [
        Device(each.name, {**each.attributes, "example.com/rank": b.number(number)})
        for number, each in enumerate(devices)
    ]
    spec = b.spec(*requests, constraints=constraints)
    found = warned(spec, ranked[:8], settings=Settings(search_steps=200_000))
    assert WarningCode.SEARCH_LONG in found
    assert WarningCode.HOLDS_NOWHERE in found
    given_up = warned(spec, ranked, settings=Settings(search_steps=5_000))
    assert given_up[WarningCode.SEARCH_EXPLODES].startswith("on 1 node the search was given up after 5000")
    assert WarningCode.HOLDS_NOWHERE not in given_up


@pytest.mark.parametrize(
    ("release", "then"),
    [
        ("1.34", "takes the node for one that does not fit"),
        ("1.35", "takes the node for one that does not fit"),
        ("1.36", "aborts the whole attempt, wherever else the pod would fit"),
        ("1.37", "aborts the whole attempt, wherever else the pod would fit"),
    ],
)
def test_what_running_out_of_time_does(release, then):
    """Up to 1.35 it concerns the node; later the scheduler gives up the whole attempt."""
    devices = [
        b.device(f"gpu-{number}", mark=Attribute(AttributeKind.INT, number % 2)) for number in range(16)
    ]
    mark = Constraint((), "example.com/mark")
    spec = b.spec(b.request("gpu", "gpu", 4), b.request("more", "gpu", 5), constraints=[mark])
    found = warned(spec, devices, settings=Settings(search_steps=1_000), release=release)
    assert found[WarningCode.SEARCH_EXPLODES].endswith(f"and then {then}")
