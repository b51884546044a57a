"""
What the devices that a claim selects publish: the facts behind "this constraint can hold".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from extender.model import Attribute, Device

from ..allocator.budget import UNLIMITED, Budget
from ..allocator.compared_values import full_name, looked_up
from ..allocator.layout import NOWHERE
from ..allocator.projection import Projector
from ..allocator.selector_result import SelectorResult
from ..cluster.snapshot import Snapshot
from ..topology.locations import Location
from ..topology.vocabulary import OFF_BUS, PCI_BUS_ID, PCIE_ROOT, DeviceKind
from .survey import NodeGroup


@dataclass(frozen=True, slots=True)
class Publication:
    """
    What the devices of one driver say under one ``attribute``; all but the texts are counts.

    ``published``: of the ``devices``, those with a value. ``nothing``: of these, those whose
    value says nothing but matches its like, by value (``-1`` or ``""``). ``kinds``: the
    types of the values. ``flat_nodes``: nodes whose devices publish a root that tells
    nothing, because it holds every PCI device of several NUMA nodes.
    """

    attribute: str
    driver: str
    devices: int
    published: int
    nothing: tuple[tuple[str, int], ...]
    kinds: tuple[str, ...]
    flat_nodes: int

    @property
    def missing(self) -> int:
        return self.devices - self.published


@dataclass(frozen=True, slots=True)
class Selected:
    """
    The devices of one driver that one alternative of a request selects, over all nodes.

    ``on_bus``: they are PCI devices, or publish what those do. ``placed``: some are hardware of a
    node; what is no hardware, or hangs on the network, is near nothing.
    """

    driver: str
    kind: DeviceKind
    devices: int
    on_bus: bool
    placed: bool
    publications: Mapping[str, Publication] = field(hash=False)


class Sighting(NamedTuple):
    """
    One device that an alternative selects. ``local``: only its node can reach it. ``alike``: on how many
    nodes the same is selected, of which ``node`` is the first.
    """

    alternative: int
    node: str
    alike: int
    driver: str
    pool: str
    device: Device
    location: Location
    local: bool


def sightings(
    surveyed: Sequence[NodeGroup], snapshot: Snapshot, attributes: Collection[str] = ()
) -> Iterator[Sighting]:
    """
    Yield every device that an alternative selects, node by node.

    Nodes of a group count together where their devices have the same ``attributes``.
    """
    # The survey has judged all of them, so nothing is left to be done but to look that up.
    budget = Budget(0, UNLIMITED)
    for group in surveyed:
        if group.view is None:
            continue
        projector = group.view.memo.projector
        for name, alike in _alike(group, projector, snapshot, attributes):
            inventory = snapshot.nodes[name].inventory
            node_layout = projector.project(inventory, budget)
            assert node_layout is not None
            for candidate, (number, position) in zip(
                node_layout.layout.candidates, node_layout.positions, strict=True
            ):
                if (number, position) == NOWHERE:
                    continue
                slice_ = inventory.slices[number]
                device = slice_.devices[position]
                for alternative, result in enumerate(candidate.selector_results):
                    if result is SelectorResult.SELECTED:
                        yield Sighting(
                            alternative,
                            name,
                            alike,
                            slice_.driver,
                            slice_.pool,
                            device,
                            candidate.location,
                            bool(slice_.node_name or device.traits.node_name),
                        )


def _alike(
    group: NodeGroup, projector: Projector, snapshot: Snapshot, attributes: Collection[str]
) -> list[tuple[str, int]]:
    """The nodes of the group by what a tally reads of them: the first of each, and how many they are."""
    wanted = (*attributes, PCIE_ROOT, PCI_BUS_ID)
    first: dict[Hashable, str] = {}
    counts: Counter[str] = Counter()
    for name in group.nodes:
        inventory = snapshot.nodes[name].inventory
        shown = tuple(
            [
                (
                    bool(slice_.node_name),
                    slice_.devices.traits,
                    *[slice_.devices.column(full_name(each, slice_.driver)) for each in wanted],
                )
                for slice_ in inventory.slices
            ]
        )
        counts[first.setdefault((projector.sight(inventory), shown), name)] += 1
    return list(counts.items())


def selections(
    surveyed: Sequence[NodeGroup], snapshot: Snapshot, attributes: Collection[str]
) -> dict[int, tuple[Selected, ...]]:
    """
    What each alternative of the surveyed claims selects, by driver, and what that publishes.

    ``attributes`` are those to look at. An alternative that selects nothing has no entry.
    """
    tallies: dict[tuple[int, str], _Publications] = {}
    for sighting in sightings(surveyed, snapshot, attributes):
        key = (sighting.alternative, sighting.driver)
        tally = tallies.get(key)
        if tally is None:
            tally = tallies[key] = _Publications(sighting.location.kind, attributes)
        tally.enter(sighting)
    selected: dict[int, list[Selected]] = {}
    for (alternative, driver), tally in sorted(tallies.items(), key=lambda item: item[0]):
        selected.setdefault(alternative, []).append(tally.selected(driver))
    return {alternative: tuple(by_driver) for alternative, by_driver in selected.items()}


def says_nothing(attribute: Attribute) -> bool:
    """Whether a value stands for "unknown" although the scheduler lets it match its like."""
    value = attribute.value
    return value == "" or (isinstance(value, int) and not isinstance(value, bool) and value < 0)


class _Publications:
    """Counts the devices of one driver that one alternative selects."""

    def __init__(self, kind: DeviceKind, attributes: Collection[str]) -> None:
        self._kind = kind
        self._attributes = attributes
        self._devices = 0
        self._on_bus = kind not in OFF_BUS and kind is not DeviceKind.OTHER
        self._placed = False
        self._published: Counter[str] = Counter()
        self._nothing: dict[str, Counter[str]] = {}
        self._kinds: dict[str, set[str]] = {}
        self._flat: dict[str, dict[str, int]] = {}

    def enter(self, sighting: Sighting) -> None:
        device, driver = sighting.device, sighting.driver
        self._devices += sighting.alike
        if self._kind is not DeviceKind.VIRTUAL and (sighting.local or _is_somewhere(sighting.location)):
            self._placed = True
        if self._kind is DeviceKind.OTHER and (
            PCIE_ROOT in device.attributes or PCI_BUS_ID in device.attributes or sighting.location.root >= 0
        ):
            self._on_bus = True
        for name in self._attributes:
            attribute = looked_up(device, driver, name)
            if attribute is None:
                continue
            self._published[name] += sighting.alike
            self._kinds.setdefault(name, set()).add(attribute.kind)
            if says_nothing(attribute):
                self._nothing.setdefault(name, Counter())[_shown(attribute)] += sighting.alike
            elif name == PCIE_ROOT and self._is_flat(sighting, attribute):
                self._flat.setdefault(name, {})[sighting.node] = sighting.alike

    def selected(self, driver: str) -> Selected:
        return Selected(
            driver,
            self._kind,
            self._devices,
            self._on_bus and self._placed,
            self._placed,
            {
                name: Publication(
                    name,
                    driver,
                    self._devices,
                    self._published[name],
                    tuple(sorted(self._nothing.get(name, Counter()).items())),
                    tuple(sorted(self._kinds.get(name, ()))),
                    sum(self._flat.get(name, {}).values()),
                )
                for name in self._attributes
            },
        )

    def _is_flat(self, sighting: Sighting, root: Attribute) -> bool:
        """A root that is published, but that topology does not believe."""
        single = isinstance(root.value, str) or (isinstance(root.value, tuple) and len(root.value) == 1)
        return single and self._kind not in OFF_BUS and sighting.local and sighting.location.root < 0


def _is_somewhere(location: Location) -> bool:
    return max(location.device, location.root, location.numa, location.socket) >= 0 or bool(location.groups)


def _shown(attribute: Attribute) -> str:
    return '""' if attribute.value == "" else str(attribute.value)
