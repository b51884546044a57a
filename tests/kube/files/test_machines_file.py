"""A site's facts of its machines: what a file may say, and every mistake named with its line and the fix."""

from __future__ import annotations

import pytest

from extender.core.topology.machine_facts import Place
from extender.kube.files.machines_file import read_machines
from extender.kube.files.site_file import SiteFileError

TYPE = 'machines: {box: {labels: {a/b: c}, devices: {"0000:1B:00.0": %s}}}'


@pytest.fixture
def machines(tmp_path):
    """Write a file and read it."""

    def write(content):
        path = tmp_path / "machines.yaml"
        path.write_text(content)
        return read_machines(str(path))

    return write


def test_all_that_may_be_said(machines):
    """Labels with one value or several, addresses in any spelling, names of devices."""
    (box,) = machines(
        """
machines:
  box:
    labels:
      node.kubernetes.io/instance-type: [box.large, box.xlarge]
      zone: a
    devices:
      "00000000:1B:00.0": {root: "pci0000:15", switch: "0000:16:00.0", numa: 0, socket: 0}
      dra.net/gpu0rdma0: {numa: 1}
      "0000:99:00.0": {}
"""
    )
    assert (box.name, box.origin.partition("machines.yaml")[2]) == ("box", ", line 3")
    assert box.labels == {
        "node.kubernetes.io/instance-type": {"box.large", "box.xlarge"},
        "zone": {"a"},
    }
    assert box.devices == {
        "0000:1b:00.0": Place("pci0000:15", "0000:16:00.0", 0, 0),
        "dra.net/gpu0rdma0": Place(numa=1),
        "0000:99:00.0": Place(),
    }


@pytest.mark.parametrize("content", ["{}", "machines: {}"])
def test_nothing_said(machines, content):
    """A file without types adds none."""
    assert machines(content) == ()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("machine: {}", "unknown section machine; did you mean machines?"),
        ("machines: {box: {devices: {}}}", "line 1: machines, box: has no labels; `dra-extender probe`"),
        ("machines: {box: {labels: {a: b}}}", "has no devices"),
        ("machines: {box: {labels: {}, devices: {}}}", "would match every node; write the label"),
        ("machines: {box: {labels: {a: 1}, devices: {}}}", "put it in quotes"),
        ("machines: {box: {labels: {a: b}, devices: {}}}", "is empty; list the devices"),
        ("machines: {box: {label: {a: b}}}", "unknown field label; did you mean labels?"),
        ("machines:\n  box:\n    labels: {a: b}\n    devices: {1b: {}}", "line 4: machines, box, devices"),
        (
            "machines: {box: {labels: {a: b}, devices: {1b: {}}}}",
            "1b is neither a PCI address nor DRIVER/DEVICE",
        ),
        (TYPE % "{numas: 0}", "unknown fact numas; did you mean numa?"),
        (TYPE % "{root: 'pci15'}", "pci15 is not the name of a PCIe root; write it as sysfs does"),
        (TYPE % "{numa: -1}", "-1 means that the kernel does not know it; leave the field out"),
        (TYPE % "{numa: 0.5}", "the number of a NUMA node, a whole number from 0, got 0.5"),
        (TYPE % "{numa: left}", "expected the number of a NUMA node, got a text (left)"),
        (TYPE % "{}, '0000:1b:00.0': {}", "0000:1b:00.0 is given twice"),
        (
            TYPE % "{root: 'pci0000:15', switch: s}, '0000:1c:00.0': {root: 'pci0000:16', switch: s}",
            "switch s is on root pci0000:15 for another device",
        ),
        (
            TYPE % "{numa: 0, socket: 0}, '0000:1c:00.0': {numa: 0, socket: 1}",
            "NUMA node 0 is on socket 0 for another device",
        ),
        (
            """machines:
  on: {labels: {t: x}, devices: {'0000:1b:00.0': {numa: 0}}}
  off: {labels: {t: [x, y]}, devices: {'0000:1b:00.0': {numa: 1}}}
""",
            "line 3: machines, off: a node can match it and also on (line 2), which has the same addresses",
        ),
    ],
)
def test_each_mistake_names_its_line_and_the_fix(machines, content, told):
    """Nothing of such a file is used."""
    with pytest.raises(SiteFileError) as error:
        machines(content)
    assert told in str(error.value)
    assert "machines.yaml: line" in str(error.value)


def test_types_of_other_nodes_may_have_the_same_addresses(machines):
    """Another value of a label tells them apart, and so do other addresses."""
    assert (
        len(
            machines(
                "machines:\n"
                "  on: {labels: {t: x}, devices: {'0000:1b:00.0': {numa: 0}}}\n"
                "  off: {labels: {t: y}, devices: {'0000:1b:00.0': {numa: 1}}}\n"
                "  new: {labels: {t: x}, devices: {'0000:1c:00.0': {numa: 1}}}\n"
            )
        )
        == 3
    )
