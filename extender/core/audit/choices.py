"""
Choices of devices by numbers of their own, so that choices that are rated alike are rated once.
"""

from __future__ import annotations

from collections import Counter

from ..prediction.pod_alignment import Placed
from ..topology.locations import Location
from ..topology.vocabulary import DeviceKind

Choice = tuple[Placed, ...]
"""Devices that a pod may have together."""

Numbers = tuple[DeviceKind, int, int, int, int, tuple[tuple[int, float], ...], int, int, int]
"""A location by its fields, and who asked."""


def renumbered(choice: Choice) -> Choice:
    """
    The same choice with devices, roots, NUMA nodes and sockets numbered from 0.

    Where drivers contradict each other the numbers matter, and stay.
    """
    form = form_of(choice)
    if form is None:
        return tuple(sorted(choice))
    return tuple(Placed(Location(*numbers[:-1]), numbers[-1]) for numbers in form)


def form_of(choice: Choice) -> tuple[Numbers, ...] | None:
    """
    The choice as numbers from 0, in an order of its own: choices that differ only in which root or NUMA node
    it is are mostly made equal, and are rated alike. ``None`` where drivers contradict each other.
    """
    devices, roots, nodes, sockets = {-1: -1}, {-1: -1}, {-1: -1}, {-1: -1}
    within_device: dict[int, tuple[int, int, int]] = {}
    within_root: dict[int, tuple[int, int]] = {}
    within_node: dict[int, int] = {}
    cards = Counter([placed.location.device for placed in choice])
    by_path = sorted(
        [
            (kind, socket, numa, root, device, asker, groups, switch, told)
            for (kind, device, root, numa, socket, groups, switch, told), asker in choice
        ]
    )
    form = []
    for kind, socket, numa, root, device, asker, groups, switch, told in by_path:
        path = (root, numa, socket)
        if (
            (device >= 0 and within_device.setdefault(device, path) != path)
            or (root >= 0 and within_root.setdefault(root, path[1:]) != path[1:])
            or (numa >= 0 and within_node.setdefault(numa, socket) != socket)
        ):
            return None
        form.append(
            (
                kind,
                devices.setdefault(device, len(devices) - 1),
                roots.setdefault(root, len(roots) - 1),
                nodes.setdefault(numa, len(nodes) - 1),
                sockets.setdefault(socket, len(sockets) - 1),
                groups,
                switch,
                told,
                # Who asked matters for parts of one card only.
                asker if cards[device] > 1 else 0,
            )
        )
    return tuple(form)
