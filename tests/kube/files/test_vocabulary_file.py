"""A site's own vocabulary: drivers added and changed, and every mistake named with its line."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from extender.core.topology.vocabulary import DEFAULT_VOCABULARY, DeviceKind, DriverAttributes
from extender.kube.files import vocabulary_file
from extender.kube.files.site_file import SiteFileError
from extender.kube.files.vocabulary_file import read_vocabulary
from tests.paths import DOCS

EXAMPLE = DOCS / "examples" / "vocabulary.yaml"


@pytest.fixture
def vocabulary(tmp_path):
    """Write a file and read it as a vocabulary."""

    def write(content):
        path = tmp_path / "words.yaml"
        path.write_text(content)
        return read_vocabulary(str(path), DEFAULT_VOCABULARY)

    return write


def test_the_documented_example():
    """It adds two drivers, changes one, and leaves all others as they are."""
    read = read_vocabulary(str(EXAMPLE), DEFAULT_VOCABULARY)
    npu = read.attributes("npu.acme.example")
    assert npu == replace(
        DEFAULT_VOCABULARY.attributes("npu.acme.example"),
        kind=DeviceKind.ACCELERATOR,
        numa=("resource.kubernetes.io/numaNode", "npu.acme.example/nearestNode"),
        parent=("npu.acme.example/cardAddress",),
        groups=(("fabric.acme.example/ring", 0.9),),
    )
    changed = read.attributes("gpu.example.com")
    assert changed.address == ("resource.kubernetes.io/pciBusID", "gpu.example.com/busAddress")
    assert changed == replace(DEFAULT_VOCABULARY.attributes("gpu.example.com"), address=changed.address)
    assert read.attributes("licence.acme.example").kind is DeviceKind.VIRTUAL
    added = read.drivers.keys() - DEFAULT_VOCABULARY.drivers.keys()
    assert added == {"npu.acme.example", "licence.acme.example"}
    assert all(
        read.attributes(driver) == words
        for driver, words in DEFAULT_VOCABULARY.drivers.items()
        if driver != "gpu.example.com"
    )


def test_every_field_can_be_given(vocabulary):
    """The fields of the file are those of ``Words``, none left out."""
    assert {field.name for field in fields(DriverAttributes)} == set(vocabulary_file._FIELDS)
    read = vocabulary(
        """
        {"drivers": {"npu.acme.example": {
          "kind": "nic", "root": ["r"], "root_bus": ["rb"], "numa": ["n", "dra.net/n"], "socket": ["s"],
          "address": ["a"], "address_parts": ["d", "b", "v", "f"], "address_in_name": false,
          "parent": ["p"], "identity": ["i"], "parent_identity": ["pi"], "own_memory": ["mode", "ATS"],
          "groups": {"g4": 0.9, "x.example/g1": 1}, "rdma": ["x"]}}}
        """
    )
    assert read.attributes("npu.acme.example") == DriverAttributes(
        kind=DeviceKind.NIC,
        root=("r",),
        root_bus=("rb",),
        numa=("n", "dra.net/n"),
        socket=("s",),
        address=("a",),
        address_parts=("d", "b", "v", "f"),
        address_in_name=False,
        parent=("p",),
        identity=("i",),
        parent_identity=("pi",),
        groups=(("x.example/g1", 1.0), ("g4", 0.9)),
        own_memory=("mode", "ATS"),
        rdma=("x",),
    ).qualified("npu.acme.example")


@pytest.mark.parametrize("content", ["{}", "drivers: {}", "drivers: {dra.net: {}}"])
def test_what_is_left_out_stays(vocabulary, content):
    """A file that says nothing changes nothing."""
    read = vocabulary(content)
    assert read.drivers == DEFAULT_VOCABULARY.drivers
    assert read.unknown == DEFAULT_VOCABULARY.unknown


def test_the_case_of_a_driver_is_its_own(vocabulary):
    """The API server lets a driver, and so the domain of an attribute, have upper-case letters."""
    read = vocabulary("drivers:\n  DRA.net:\n    numa: [DRA.net/numaNode]\n")
    assert read.attributes("DRA.net").numa == ("DRA.net/numaNode",)
    assert read.attributes("dra.net") == DEFAULT_VOCABULARY.attributes("dra.net")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["driver: {}"], "line 1: the file: unknown section driver; did you mean drivers? (known: drivers)"),
        (["drivers:", "- dra.net"], "line 1: drivers: expected a mapping of drivers, got a list"),
        (
            ["drivers:", "  dra.net: {kind: nic}", "  dra.cpu: {}", "  dra.net: {}"],
            "line 4: drivers: dra.net is given twice, before in line 2; leave out one of the two",
        ),
        (
            ["drivers:", "  dra_net: {kind: nic}"],
            "line 2: drivers, dra_net: not a driver's name; write the spec.driver of its ResourceSlices",
        ),
        (
            ["drivers:", "  dra.net: nic"],
            "line 2: drivers, dra.net: expected a mapping of fields, got a text (nic)",
        ),
        (
            ["drivers:", "  dra.net:", "    nmua: [n]"],
            "line 3: drivers, dra.net: unknown field nmua; did you mean numa?",
        ),
        (
            ["drivers:", "  dra.net:", "    kind: network"],
            "line 3: drivers, dra.net, kind: unknown kind network; write one of gpu, accelerator, nic, nvme,",
        ),
        (["drivers:", "  dra.net:", "    kind: 1"], "line 3: drivers, dra.net, kind: expected one of gpu,"),
        (
            ["drivers:", "  dra.net:", "    numa: numaNode"],
            "line 3: drivers, dra.net, numa: expected a list of attribute names, such as [numaNode],",
        ),
        (
            ["drivers:", "  dra.net:", "    numa:", "    - numaNode", "    - numa node"],
            "line 5: drivers, dra.net, numa: numa node is not the name of an attribute; write it as",
        ),
        (
            ["drivers:", "  dra.net:", "    address_parts: [domain, bus]"],
            "line 3: drivers, dra.net, address_parts: expected 4 names, of domain, bus, device and",
        ),
        (
            ["drivers:", "  dra.net:", "    own_memory: [mode]"],
            "line 3: drivers, dra.net, own_memory: expected an attribute name and a value",
        ),
        (
            ["drivers:", "  dra.net:", "    own_memory: [mode, true]"],
            "line 3: drivers, dra.net, own_memory: expected the value, got true or false (true)",
        ),
        (
            ["drivers:", "  dra.net:", "    address_in_name: 'true'"],
            "line 3: drivers, dra.net, address_in_name: expected true or false, got a text (true)",
        ),
    ],
)
def test_mistakes_are_named(vocabulary, lines, message):
    """File, line, what is wrong, what to write."""
    with pytest.raises(SiteFileError) as caught:
        vocabulary("\n".join(lines))
    assert f"words.yaml: {message}" in str(caught.value)
