"""
A node drawn as SVG: sockets around NUMA nodes around PCIe roots around devices, and who holds them.

Boxes have fixed sizes and are placed by hand: two devices side by side, a root with one
device beside the next such root, NUMA nodes of a socket below each other, sockets in
columns. Colours and fonts are the page's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from extender.core.audit.node_map import MapDevice, MapNumaNode, MapRoot, MapSocket
from extender.core.topology.locations import Distance
from extender.model import DeviceID

from ..markup import Markup, element, joined

_BOX_WIDTH, _BOX_HEIGHT, _GAP, _PAD, _TITLE = 160, 40, 8, 8, 18
_ROOT_WIDTH = _BOX_WIDTH + 2 * _PAD
_NODE_WIDTH = 2 * _ROOT_WIDTH + _GAP + 2 * _PAD
_SOCKET_WIDTH = _NODE_WIDTH + 2 * _PAD
_COLUMNS = 2
_MOST_DEVICES = 16
_LINE = 20
"""Characters of a device's name that fit its box."""
_LETTER = 6
"""Width of a letter of a label."""
_LABEL_PLACES = (0.5, 0.3, 0.7)
"""Along a line, so that the labels of lines beside each other do not cover each other."""


@dataclass(frozen=True, slots=True)
class Link:
    """Two devices that one pod uses together."""

    a: DeviceID
    b: DeviceID
    distance: Distance


@dataclass(slots=True)
class _Canvas:
    """
    The frames that are drawn, back to front, the devices within them, and where each device's box has its
    upper left corner.
    """

    parts: list[Markup] = field(default_factory=list)
    devices: list[Markup] = field(default_factory=list)
    corners: dict[DeviceID, tuple[int, int]] = field(default_factory=dict)

    def inside(self) -> _Canvas:
        """For what is drawn onto a frame whose size it decides."""
        return _Canvas(devices=self.devices, corners=self.corners)


def node_drawing(sockets: Sequence[MapSocket], links: Sequence[Link], title: str) -> Markup:
    """
    Draw a node, and ``links`` as lines between devices; ``title`` says what it is to those who cannot see it.

    A root with very many devices shows the first ones and how many more there are, and those that are
    linked.
    """
    linked = {id_ for link in links for id_ in (link.a, link.b)}
    canvas = _Canvas()
    columns = [0] * _COLUMNS
    for socket, nodes in _columns(sockets):
        column = columns.index(min(columns))
        x, y = column * (_SOCKET_WIDTH + _GAP), columns[column]
        columns[column] = y + _socket(canvas, socket, nodes, x, y, linked) + _GAP
    used = sum(1 for height in columns if height)
    width, height = used * (_SOCKET_WIDTH + _GAP) - _GAP, max(columns) - _GAP
    lines = list(_lines(canvas.corners, links))
    return element(
        "svg",
        element("title", title),
        joined(*canvas.parts),
        # Behind the devices, whose names a line that passes by would hide.
        joined(*(line.path for line in lines)),
        joined(*canvas.devices),
        joined(*(line.ends for line in lines)),
        class_="node",
        viewBox=f"-1 -1 {width + 2} {height + 2}",
        width=width + 2,
        height=height + 2,
        role="img",
    )


def _columns(sockets: Sequence[MapSocket]) -> Iterator[tuple[str, tuple[MapNumaNode, ...]]]:
    """What is drawn as one block: a socket; where sockets are unknown, each NUMA node on its own."""
    for socket in sockets:
        if socket.known:
            yield _by_facts(f"Socket {socket.name}".rstrip(), told=socket.told), socket.numa_nodes
        else:
            for node in socket.numa_nodes:
                yield "Socket unknown", (node,)


def _socket(
    canvas: _Canvas, name: str, nodes: Sequence[MapNumaNode], x: int, y: int, linked: set[DeviceID]
) -> int:
    """Draw a socket and return its height."""
    inside = canvas.inside()
    bottom = y + _TITLE + _GAP
    for node in nodes:
        bottom += _numa_node(inside, node, x + _PAD, bottom, linked) + _GAP
    height = bottom - y
    canvas.parts += [_frame("socket", x, y, _SOCKET_WIDTH, height, name), *inside.parts]
    return height


def _numa_node(canvas: _Canvas, node: MapNumaNode, x: int, y: int, linked: set[DeviceID]) -> int:
    inside = canvas.inside()
    bottom = y + _TITLE + _GAP
    left = x + _PAD
    for alone, roots in groupby(node.roots, key=lambda root: len(root.devices) == 1):
        if not alone:
            for root in roots:
                bottom += _root(inside, root, left, bottom, 2, linked) + _GAP
            continue
        for number, root in enumerate(roots):
            if number and number % 2 == 0:
                bottom += _TITLE + _BOX_HEIGHT + _PAD + _GAP
            beside = left + number % 2 * (_ROOT_WIDTH + _GAP)
            _root(inside, root, beside, bottom, 1, linked)
        bottom += _TITLE + _BOX_HEIGHT + _PAD + _GAP
    height = bottom - y
    name = _by_facts(f"NUMA node {node.name}", told=node.told) if node.name else "NUMA node unknown"
    canvas.parts += [_frame("numa", x, y, _NODE_WIDTH, height, name), *inside.parts]
    return height


def _root(canvas: _Canvas, root: MapRoot, x: int, y: int, columns: int, linked: set[DeviceID]) -> int:
    devices = [
        device for number, device in enumerate(root.devices) if number < _MOST_DEVICES or device.id in linked
    ]
    hidden = len(root.devices) - len(devices)
    # A root of one device has no room for more words.
    kind = "root" if root.told else "PCIe root"
    name = _by_facts(f"{kind} {root.name}", told=root.told) if root.name else "PCIe root unknown"
    if root.off_bus:
        name = "on no PCIe root"
    if hidden:
        name += f" ({hidden} more devices)"
    rows = -(-len(devices) // columns)
    width = columns * _BOX_WIDTH + (columns - 1) * (_GAP + 2 * _PAD) + 2 * _PAD
    height = _TITLE + rows * (_BOX_HEIGHT + _GAP) - _GAP + _PAD
    style = "root" if root.name else "root vague"
    canvas.parts.append(_frame(style, x, y, width, height, name))
    for number, device in enumerate(devices):
        left = x + _PAD + number % columns * (_ROOT_WIDTH + _GAP)
        top = y + _TITLE + number // columns * (_BOX_HEIGHT + _GAP)
        canvas.devices.append(_device(device, left, top, marked=device.id in linked))
        canvas.corners[device.id] = (left, top)
    return height


def _frame(style: str, x: int, y: int, width: int, height: int, name: str) -> Markup:
    return element(
        "g",
        element("rect", x=x, y=y, width=width, height=height, rx=6),
        element("text", _short(name, width // 7), x=x + _PAD, y=y + 13),
        class_=style,
    )


def _device(device: MapDevice, x: int, y: int, *, marked: bool) -> Markup:
    state = "held" if device.holders else "free"
    who = device.holders[0] if device.holders else "free"
    if len(device.holders) > 1:
        who = f"{len(device.holders)} pods share it"
    words = f"{device.id}: {', '.join(device.holders) or 'free'}"
    if device.told:
        words += "; facts of the machine tell where it is"
    return element(
        "g",
        element("title", words),
        element("rect", x=x, y=y, width=_BOX_WIDTH, height=_BOX_HEIGHT, rx=4),
        element("rect", x=x, y=y, width=5, height=_BOX_HEIGHT, rx=2, class_="tab"),
        element("text", _short(_label(device), _LINE), x=x + 11, y=y + 16, class_="name"),
        element("text", _short(who, _LINE + 2), x=x + 11, y=y + 31, class_="who"),
        class_=f"device {device.kind} {state}{' marked' if marked else ''}",
    )


class _Line(NamedTuple):
    """What is drawn of a link behind the devices, and what before them."""

    path: Markup
    ends: Markup


def _lines(corners: Mapping[DeviceID, tuple[int, int]], links: Sequence[Link]) -> Iterator[_Line]:
    """From side to side of two boxes, around the right of boxes that stand below each other."""
    for number, link in enumerate(links):
        if link.a not in corners or link.b not in corners:
            continue
        (left, top), (right, bottom) = sorted((corners[link.a], corners[link.b]))
        start, end = left + _BOX_WIDTH, right if right > left else right + _BOX_WIDTH
        bend = (start + end) // 2 if right > left else start + 2 * _GAP
        top, bottom = top + _BOX_HEIGHT // 2, bottom + _BOX_HEIGHT // 2
        along = _LABEL_PLACES[number % len(_LABEL_PLACES)]
        label_y = round(_on_curve(top, top, bottom, bottom, along)) + 4
        if top == bottom and end - start < _LETTER * len(link.distance):
            # Below the two boxes, whose words it would cover between them.
            label_y += _BOX_HEIGHT // 2 + 4
        path = element(
            "g",
            element("title", f"{link.a.device} and {link.b.device}: {link.distance}"),
            element("path", d=f"M{start} {top} C{bend} {top} {bend} {bottom} {end} {bottom}"),
            class_=f"link at-{link.distance}",
        )
        ends = element(
            "g",
            element("circle", cx=start, cy=top, r=4),
            element("circle", cx=end, cy=bottom, r=4),
            element(
                "text",
                str(link.distance),
                x=round(_on_curve(start, bend, bend, end, along)),
                y=label_y,
            ),
            class_=f"ends at-{link.distance}",
        )
        yield _Line(path, ends)


def line_sample(distance: Distance) -> Markup:
    """A short line as it joins devices at this distance, for a legend."""
    return element(
        "svg",
        element("g", element("path", d="M1 6 H43"), class_=f"link at-{distance}"),
        class_="node sample",
        viewBox="0 0 44 12",
        width=44,
        height=12,
        aria_hidden="true",
    )


def _on_curve(start: int, first: int, second: int, end: int, along: float) -> float:
    """A point of a Bézier curve, ``along`` from 0 to 1."""
    back = 1 - along
    return back**3 * start + 3 * back**2 * along * first + 3 * back * along**2 * second + along**3 * end


def _by_facts(name: str, *, told: bool) -> str:
    return f"{name} (facts)" if told else name


def _label(device: MapDevice) -> str:
    name = device.id.device
    return name if str(device.kind) in name else f"{device.kind} {name}"


def _short(text: str, most: int) -> str:
    """Text that fits, its end kept: names differ there."""
    return text if len(text) <= most else f"…{text[len(text) - most + 1 :]}"
