"""A node as SVG: everything is there, within the picture, and no two boxes cover each other."""

from __future__ import annotations

import re
from importlib import resources
from itertools import combinations
from xml.etree import ElementTree as ET

import pytest

from extender.cli.audit.drawing import Link, node_drawing
from extender.cli.markup import Markup, element, joined
from extender.core.audit.node_map import MapDevice, MapNumaNode, MapRoot, MapSocket
from extender.core.topology.locations import Distance
from extender.core.topology.vocabulary import DeviceKind
from extender.model import DeviceID


def device(name, kind=DeviceKind.GPU, *holders):
    return MapDevice(DeviceID("d", "p", name), kind, holders)


def root(name, *devices):
    return MapRoot(name, devices)


def machine(sockets, nodes, roots, devices):
    return [
        MapSocket(
            sockets > 1,
            str(s),
            tuple(
                MapNumaNode(
                    f"{s}{n}",
                    tuple(
                        root(f"r{r}", *(device(f"gpu-{s}-{n}-{r}-{d}") for d in range(devices)))
                        for r in range(roots)
                    ),
                )
                for n in range(nodes)
            ),
        )
        for s in range(sockets)
    ]


def drawn(sockets, links=()):
    return ET.fromstring(node_drawing(sockets, links, "a node"))


def boxes(svg, style):
    found = []
    for group in svg.iter("g"):
        if style in group.get("class", "").split():
            rect = group.find("rect")
            found.append(tuple(int(rect.get(key)) for key in ("x", "y", "width", "height")))
    return found


def overlap(a, b):
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]


@pytest.mark.parametrize(
    "shape", [(1, 1, 1, 1), (2, 1, 4, 2), (2, 4, 1, 1), (1, 8, 3, 1), (3, 2, 2, 3), (2, 1, 5, 1)]
)
def test_boxes_stand_side_by_side_within_the_picture(shape):
    """Sockets, NUMA nodes, roots and devices each keep apart, and none is lost."""
    svg = drawn(machine(*shape))
    left, top, width, height = map(int, svg.get("viewBox").split())
    for style in ("socket", "numa", "root", "device"):
        found = boxes(svg, style)
        for a, b in combinations(found, 2):
            assert not overlap(a, b), (style, a, b)
        for x, y, wide, high in found:
            assert left <= x <= x + wide <= left + width
            assert top <= y <= y + high <= top + height
    sockets, nodes, roots, devices = shape
    assert len(boxes(svg, "device")) == sockets * nodes * roots * devices


def test_a_device_shows_its_holder():
    """One by name, several by number, none as free."""
    holders = [
        device("gpu-0", DeviceKind.GPU, "ns/a"),
        device("gpu-1", DeviceKind.GPU, "ns/a", "ns/b"),
        device("gpu-2"),
    ]
    svg = drawn([MapSocket(True, "0", (MapNumaNode("0", (root("r", *holders),)),))])
    told = [text.text for text in svg.iter("text") if text.get("class") == "who"]
    assert told == ["ns/a", "2 pods share it", "free"]


def test_the_kind_is_told_where_the_name_does_not():
    """Colour alone tells too little."""
    devices = [device("gpu-0"), device("eth0", DeviceKind.NIC)]
    svg = drawn([MapSocket(True, "0", (MapNumaNode("0", (root("r", *devices),)),))])
    assert [text.text for text in svg.iter("text") if text.get("class") == "name"] == ["gpu-0", "nic eth0"]


def test_links_join_devices_that_are_drawn():
    """The line has its distance; one to a device of another node is left out."""
    here = [DeviceID("d", "p", name) for name in ("gpu-0-0-0-0", "gpu-1-0-0-0")]
    links = [
        Link(here[0], here[1], Distance.REMOTE),
        Link(here[0], DeviceID("d", "p", "gone"), Distance.UNKNOWN),
    ]
    svg = drawn(machine(2, 1, 1, 1), links)
    assert [group.get("class") for group in svg.iter("g") if "link" in group.get("class").split()] == [
        "link at-remote"
    ]
    assert len(boxes(svg, "marked")) == 2


def test_lines_are_behind_devices_and_their_labels_before():
    """A line that passes by a device does not hide its name."""
    a, b = (DeviceID("d", "p", f"gpu-{socket}-0-0-0") for socket in (0, 1))
    svg = drawn(machine(2, 1, 2, 1), [Link(a, b, Distance.REMOTE)])
    order = [group.get("class", "").split(" ")[0] for group in svg]
    order = [name for name in order if name in ("device", "link", "ends")]
    assert order == ["link", *["device"] * 4, "ends"]


def test_the_label_between_two_neighbours_covers_no_words():
    """It stands below their boxes, and that of a longer line on the line."""
    devices = [device(f"gpu-{number}") for number in range(2)]
    near = drawn(
        [MapSocket(True, "0", (MapNumaNode("0", (root("r", *devices),)),))],
        [Link(devices[0].id, devices[1].id, Distance.PCIE_ROOT)],
    )
    a, b = (DeviceID("d", "p", f"gpu-{socket}-0-0-0") for socket in (0, 1))
    far = drawn(machine(2, 1, 1, 1), [Link(a, b, Distance.REMOTE)])
    for svg, below in ((near, True), (far, False)):
        (label,) = (group.find("text") for group in svg.iter("g") if "ends" in group.get("class", ""))
        bottoms = {y + height for _, y, _, height in boxes(svg, "device")}
        assert all((int(label.get("y")) > bottom) is below for bottom in bottoms)


def test_each_distance_has_a_line_of_its_own():
    """By its pattern and width, for those who see no colours."""
    css = resources.files("extender").joinpath("data/audit.css").read_text(encoding="utf-8")
    rules = dict(re.findall(r"svg\.node \.at-([\w-]+) path \{([^}]*)\}", css))
    assert rules.keys() <= set(Distance)
    lines = {distance: rules.get(distance, "").strip() for distance in Distance}
    assert len(set(lines.values())) == len(lines)
    solid = [distance for distance, rule in lines.items() if "dasharray" not in rule]
    assert solid == [Distance.DEVICE, Distance.PCIE_ROOT]


def test_a_root_with_very_many_devices_is_cut_but_for_linked_ones():
    """How many are hidden is told."""
    devices = [device(f"vf-{number}", DeviceKind.NIC) for number in range(60)]
    link = Link(devices[0].id, devices[50].id, Distance.DEVICE)
    svg = drawn([MapSocket(True, "0", (MapNumaNode("0", (root("r", *devices),)),))], [link])
    assert len(boxes(svg, "device")) == 17
    assert any("43 more devices" in (text.text or "") for text in svg.iter("text"))


def test_markup_escapes_all_but_markup():
    """Children and attributes."""
    assert (
        element("p", "<b>", element("b", "&"), title='"<')
        == '<p title="&quot;&lt;">&lt;b&gt;<b>&amp;</b></p>'
    )
    assert joined("a<", Markup("<br/>")) == "a&lt;<br/>"
    assert element("meta", charset="utf-8", data_x=1) == '<meta charset="utf-8" data-x="1"/>'


def test_what_facts_tell_is_marked():
    """Beside the name of socket, NUMA node and root, and in what is said of the device."""
    told = MapDevice(DeviceID("d", "p", "gpu-0"), DeviceKind.GPU, (), told=True)
    roots = (MapRoot("pci0000:15", (told,), told=True), root("pci0000:b4", device("nic-0", DeviceKind.NIC)))
    drawn = str(node_drawing([MapSocket(True, "0", (MapNumaNode("1", roots, True),), True)], [], "n"))
    assert drawn.count("(facts)") == 3
    assert ">root pci0000:15 (facts)<" in drawn
    assert ">PCIe root pci0000:b4<" in drawn
    assert drawn.count("facts of the machine tell where it is") == 1
