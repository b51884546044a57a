"""
ResourceSlices, in which drivers publish devices, and the pools that they make up.

Source: k8s.io/api resource/v1 types.go, v0.37.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from .device_columns import NO_DEVICES, Devices
from .nodes import NodeSelector
from .quantity import Quantity


class PoolID(NamedTuple):
    """What identifies a pool; pools iterate in this order from 1.36 on."""

    driver: str
    pool: str

    def __str__(self) -> str:
        return f"{self.driver}/{self.pool}"


@dataclass(frozen=True, slots=True)
class CounterSet:
    """A pool's shared counters of one name; ``counters`` sorted by name."""

    name: str
    counters: tuple[tuple[str, Quantity], ...]


@dataclass(frozen=True, slots=True)
class ResourceSlice:
    """
    One ResourceSlice; ``devices`` in the driver's order, which is the search order.

    ``per_device_node_selection`` is ``None`` where the field is absent: with
    the partitionable-devices feature off, upstream looks at presence, not value.
    ``skip_node_operations`` (1.37): what the driver need not do on the node.
    """

    name: str
    driver: str
    pool: str
    generation: int = 0
    resource_slice_count: int = 1
    node_name: str = ""
    all_nodes: bool = False
    node_selector: NodeSelector | None = None
    per_device_node_selection: bool | None = None
    shared_counters: tuple[CounterSet, ...] = ()
    devices: Devices = NO_DEVICES
    skip_node_operations: tuple[str, ...] = ()
    pool_id: PoolID = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Name the pool once: it is asked for whenever slices are grouped."""
        object.__setattr__(self, "pool_id", PoolID(self.driver, self.pool))
