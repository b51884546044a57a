"""Which slices a rewrite looks at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extender.cel import unlimited
from extender.core.claims.compiled_claims import compile_claims
from extender.core.releases.history import release_for
from extender.core.soft_alignment.like_slices import like_slices, slice_columns
from extender.core.topology.vocabulary import DEFAULT_VOCABULARY
from extender.model import Attribute, AttributeKind, Devices, DeviceTraits, Taint
from tests import builders as b

CLASSES = {each.name: each for each in b.CLASSES}
READS_MODEL = "device.attributes['gpu.nvidia.com'].model == 'a'"


def like(*slices, selectors=()):
    spec = b.spec(b.request("gpu", "gpu", selectors=selectors), b.request("nic", "nic"))
    compiled = compile_claims([spec], CLASSES, release_for("1.36.2"), unlimited())
    return like_slices(slice_columns(slices), compiled, DEFAULT_VOCABULARY)


def gpus(node, **differing):
    """One GPU. All slices share what does not differ."""
    return replace(b.slice_of("gpu.nvidia.com", node, ()), devices=with_columns(FIRST.devices, differing))


def with_columns(devices, differing):
    """The same but for the columns of some attributes, and of the traits."""
    fresh = Devices.of([replace(devices[0], **differing)])
    columns = tuple(
        old if old == new else new for old, new in zip(devices.columns, fresh.columns, strict=True)
    )
    traits = devices.traits if devices.traits == fresh.traits else fresh.traits
    return Devices(devices.names, traits, devices.heading, columns)


ATTRIBUTES = {
    b.ROOT: b.text("pci0000:10"),
    "gpu.nvidia.com/uuid": b.text("uuid-0"),
    "gpu.nvidia.com/model": b.text("a"),
    "resource.kubernetes.io/pciBusID": b.text("0000:10:00.0"),
}
FIRST = replace(b.slice_of("gpu.nvidia.com", "a", ()), devices=Devices.of([b.device("gpu-0")]))
FIRST = replace(FIRST, devices=Devices.of([replace(FIRST.devices[0], attributes=ATTRIBUTES)]))
NIC = replace(
    b.slice_of("dra.net", "a", ()),
    devices=Devices.of(
        [replace(b.device("nic-0"), attributes={"resource.kubernetes.io/pciBusID": b.text("0000:11:00.0")})]
    ),
)


def changed(name, value):
    return {"attributes": {**ATTRIBUTES, name: value}}


def test_identities_tell_no_slices_apart():
    """The first stands for both, by name."""
    second = gpus("b", **changed("gpu.nvidia.com/uuid", b.text("uuid-1")))
    found = like(FIRST, NIC, second)
    assert found.firsts == (FIRST, NIC)
    assert found.first_of == {FIRST.name: FIRST.name, NIC.name: NIC.name, second.name: FIRST.name}


@pytest.mark.parametrize(
    ("differing", "selectors"),
    [
        (changed(b.ROOT, b.text("pci0000:20")), ()),
        (changed("resource.kubernetes.io/pciBusID", b.text("0000:12:00.0")), ()),
        (changed("gpu.nvidia.com/model", b.text("b")), (READS_MODEL,)),
        (changed("gpu.nvidia.com/uuid", Attribute(AttributeKind.VERSION, "no version")), ()),
        ({"attributes": ATTRIBUTES, "traits": DeviceTraits(taints=(Taint("broken", "NoSchedule"),))}, ()),
    ],
    ids=["root", "attribute of two drivers", "attribute of a selector", "unusual value", "traits"],
)
def test_what_a_rewrite_reads_tells_slices_apart(differing, selectors):
    second = gpus("b", **differing)
    assert like(FIRST, NIC, second, selectors=selectors).firsts == (FIRST, NIC, second)


def test_selectors_may_read_everything():
    """Then nothing is left out: of this one nobody knows beforehand what it reads."""
    second = gpus("b", **changed("gpu.nvidia.com/uuid", b.text("uuid-1")))
    all_of_domain = "device.attributes['gpu.nvidia.com'].exists(name, name == 'model')"
    assert like(FIRST, NIC, second, selectors=(all_of_domain,)).firsts == (FIRST, NIC, second)
