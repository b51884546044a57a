"""Which devices the requests of a claim select, and which selectors fail."""

from __future__ import annotations

from extender.cel import unlimited
from extender.core.claims.compiled_claims import compile_claims
from extender.core.releases.history import release_for
from extender.core.soft_alignment.selection import select
from extender.model import Attribute, AttributeKind, Device, DeviceID, Request
from tests import builders as b

RELEASE = release_for("1.36.2")
CLASSES = {cls.name: cls for cls in b.CLASSES}
FAST = "device.attributes['example.com'].fast"


def selected(spec, *slices):
    compiled = compile_claims([spec], CLASSES, RELEASE, unlimited())
    return select(compiled, slices, RELEASE, unlimited())


def names(selection):
    return [[device.id.device for device in devices] for devices in selection.devices]


def fast(value: bool) -> Attribute:
    return Attribute(AttributeKind.BOOL, value)


def test_devices_are_selected_by_class_and_selectors():
    """By request, in the order of the slices; allocated or not does not matter here."""
    gpus = b.slice_of("gpu.nvidia.com", "a", [b.device(f"gpu-{i}", fast=fast(i != 1)) for i in range(3)])
    more = b.slice_of("gpu.nvidia.com", "b", [b.device("gpu-9", fast=fast(True))])
    nics = b.slice_of("dra.net", "a", [b.device("nic-0")])
    spec = b.spec(b.request("gpu", "gpu", selectors=(FAST,)), b.request("nic", "nic"))
    assert names(selected(spec, gpus, nics, more)) == [["gpu-0", "gpu-2", "gpu-9"], ["nic-0"]]
    assert names(selected(spec, more, nics, gpus)) == [["gpu-9", "gpu-0", "gpu-2"], ["nic-0"]]


def test_every_alternative_selects_for_itself():
    """One entry for each, in the order of the alternatives."""
    gpu = b.request("gpu", "gpu", selectors=(FAST,)).exactly
    nic = b.request("nic", "nic").exactly
    assert gpu is not None
    assert nic is not None
    slices = [
        b.slice_of("gpu.nvidia.com", "a", [b.device("gpu-0", fast=fast(False))]),
        b.slice_of("dra.net", "a", [b.device("nic-0")]),
    ]
    either = b.spec(Request("either", first_available=(gpu, nic)))
    assert names(selected(either, *slices)) == [[], ["nic-0"]]


def test_slices_of_which_nothing_is_selected_have_no_entry():
    """The others have one tuple per alternative, by their names."""
    nics = b.slice_of("dra.net", "a", [b.device("nic-0")])
    other = b.slice_of("example.com", "a", [b.device("x-0")])
    selection = selected(b.PAIR, nics, other)
    assert selection.by_slice.keys() == {"a-dra.net"}
    assert [len(devices) for devices in selection.by_slice["a-dra.net"]] == [0, 1]


def test_the_first_failure_of_each_alternative_is_kept():
    """Where the selector stands, on which device, and what is wrong; the device is not selected."""
    gpus = b.slice_of(
        "gpu.nvidia.com", "a", [b.device("gpu-0", fast=fast(True)), b.device("gpu-1"), b.device("gpu-2")]
    )
    nics = b.slice_of("dra.net", "a", [b.device("nic-0")])
    spec = b.spec(
        b.request("nic", "nic", selectors=(FAST,)),
        b.request("gpu", "gpu", selectors=("true", FAST)),
    )
    selection = selected(spec, gpus, nics)
    assert names(selection) == [[], ["gpu-0"]]
    first, second = selection.failures
    assert (first.alternative, first.device) == (0, DeviceID("dra.net", "a", "nic-0"))
    assert (second.alternative, second.device) == (1, DeviceID("gpu.nvidia.com", "a", "gpu-1"))
    assert "gpu" in second.where
    assert "fast" in second.detail


def test_a_value_that_no_selector_can_read_fails_every_selector():
    """Also of an attribute that the selector does not read."""
    lists = Attribute(AttributeKind.STRINGS, ("a",))
    gpus = b.slice_of("gpu.nvidia.com", "a", [b.device("gpu-0"), b.device("gpu-1", list=lists)])
    selection = selected(b.spec(b.request("gpu", "gpu")), gpus)
    assert names(selection) == [["gpu-0"]]
    assert [failure.device.device for failure in selection.failures] == ["gpu-1"]


def test_devices_that_look_alike_are_told_apart_by_what_selectors_read():
    """Results are remembered by that and the driver; values of other attributes make no difference."""
    spec = b.spec(b.request("gpu", "gpu", selectors=("'fast' in device.attributes['example.com']",)))
    devices = [b.device("a", fast=fast(True)), b.device("b"), Device("c", {"example.com/slow": fast(True)})]
    nvidia, other = b.slice_of("gpu.nvidia.com", "n", devices), b.slice_of("dra.net", "n", devices)
    assert names(selected(spec, nvidia, other)) == [["a"]]
    assert names(selected(spec, other, nvidia)) == [["a"]]
