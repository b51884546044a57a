"""
Cards that are given away twice: whole to one claim, and whole or in parts to another.

A driver that lists a GPU and its MIG slices without counters between them lets the allocator give away
both. The allocator compares names of devices, not cards, so only who knows the card can tell.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from extender.model import Claim, Device, DeviceID, PoolID

from ..messages import first_few
from ..topology.driver_attributes import CARDS
from ..topology.published import read_published
from ..topology.vocabulary import Vocabulary
from .inventory import Inventory
from .node_state import NodeState

_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class CardEntry:
    """
    A device of a card in use. ``part``: it is a slice of the card, not all of it.

    ``holders``: see ``HeldDevices``; none for a device that is about to be allocated.
    """

    id: DeviceID
    part: bool
    holders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DoubleUse:
    """``entries``: the devices of one card that are in use, in the order of the node's slices."""

    entries: tuple[CardEntry, ...]


class HeldDevices:
    """
    Who holds which devices of one snapshot. A pool is read once, however many nodes have it.

    ``holders``: the allocated claims by pool. A device is held by the pods that use its claim, as
    ``namespace/name``, or, where none do, by ``claim namespace/name``.
    """

    def __init__(self, holders: Mapping[PoolID, Sequence[Claim]]) -> None:
        self._holders = holders
        self._by_pool: dict[PoolID, Mapping[DeviceID, tuple[str, ...]]] = {}

    def of(self, pool: PoolID) -> Mapping[DeviceID, tuple[str, ...]]:
        """The holders of each device of the pool that is held, in the order of the claims."""
        held = self._by_pool.get(pool)
        if held is None:
            found: dict[DeviceID, dict[str, None]] = {}
            for claim in self._holders.get(pool, ()):
                names = dict.fromkeys(_holders_of(claim))
                for id_ in held_by(claim):
                    if (id_.driver, id_.pool) == pool:
                        found.setdefault(id_, {}).update(names)
            held = self._by_pool[pool] = {id_: tuple(names) for id_, names in found.items()}
        return held


def double_uses(
    state: NodeState, held: HeldDevices, vocabulary: Vocabulary, wanted: Collection[DeviceID] = ()
) -> tuple[DoubleUse, ...]:
    """
    The cards of a node that are in use more than once, and as a whole at least once.

    ``wanted``: devices that are about to be allocated. GPUs and accelerators only. Costs a look at each
    device that is in use, and one at each device of the node where two of a card are.
    """
    in_use = [*wanted, *_in_use(state.inventory, held)]
    if len(in_use) <= 1 or not _is_card_used_twice(state.inventory, in_use):
        return ()
    by_pool = {pool.id: held.of(pool.id) for pool in state.inventory.pools}
    cards: dict[int, list[tuple[DeviceID, Device, tuple[str, ...]]]] = {}
    inventory = state.inventory
    for slice_, signature in zip(inventory.slices, inventory.signature.slices, strict=True):
        held_here = by_pool.get(slice_.pool_id, {})
        names = slice_.devices.names.values
        for position, (name, location) in enumerate(zip(names, signature.locations, strict=True)):
            if location.kind in CARDS and location.device >= 0:
                id_ = DeviceID(slice_.driver, slice_.pool, name)
                holders = held_here.get(id_, ())
                if holders or id_ in wanted:
                    # A device is made only where it is in use.
                    cards.setdefault(location.device, []).append((id_, slice_.devices[position], holders))
    uses = []
    for devices in cards.values():
        entries = tuple(
            CardEntry(id_, _is_part(id_, device, vocabulary), holders) for id_, device, holders in devices
        )
        if len(entries) > 1 and not all(entry.part for entry in entries):
            uses.append(DoubleUse(entries))
    return tuple(uses)


def double_uses_of(
    nodes: Mapping[str, NodeState], held: HeldDevices, vocabulary: Vocabulary
) -> Iterator[tuple[str, DoubleUse]]:
    """
    Yield each of the ``double_uses`` of the nodes, with the node's name, by name.

    Of nodes of one look, one is looked at where it has no card in use twice.
    """
    fine: set[int] = set()
    for name, state in sorted(nodes.items()):
        if id(state.look) in fine:
            continue
        if _is_card_used_twice(state.inventory, _in_use(state.inventory, held)):
            yield from ((name, use) for use in double_uses(state, held, vocabulary))
        else:
            fine.add(id(state.look))


def _in_use(inventory: Inventory, held: HeldDevices) -> list[DeviceID]:
    return [id_ for pool in inventory.pools for id_ in held.of(pool.id)]


def _is_card_used_twice(inventory: Inventory, in_use: Iterable[DeviceID]) -> bool:
    """Whether two devices of a card may be in use. A name that comes twice in a slice may be two devices."""
    used = {(PoolID(id_.driver, id_.pool), id_.device) for id_ in in_use}
    cards: set[int] = set()
    for slice_, signature in zip(inventory.slices, inventory.signature.slices, strict=True):
        names = slice_.devices.names
        if len(names.positions) < len(names.values):
            return True
        pool = slice_.pool_id
        for of_pool, name in used:
            position = names.positions.get(name) if of_pool == pool else None
            card = -1 if position is None else signature.locations[position].device
            if card in cards:
                return True
            if card >= 0:
                cards.add(card)
    return False


def render_entry(entry: CardEntry) -> str:
    """The device, how much of the card it is and whose, for people."""
    what = "a part of it" if entry.part else "the whole card"
    whose = f"held by {first_few(entry.holders, _MOST_NAMED)}" if entry.holders else "for this pod"
    return f"{entry.id.device} ({what}, {whose})"


def held_by(claim: Claim) -> Iterable[DeviceID]:
    """The devices that a claim holds; those with admin access are not held."""
    results = claim.allocation.results if claim.allocation is not None else ()
    return [result.id for result in results if not result.admin_access]


def _holders_of(claim: Claim) -> list[str]:
    pods = [
        f"{claim.namespace}/{consumer.name}" for consumer in claim.reserved_for if consumer.resource == "pods"
    ]
    return pods or [f"claim {claim.namespace}/{claim.name}"]


def _is_part(id_: DeviceID, device: Device, vocabulary: Vocabulary) -> bool:
    return read_published(vocabulary.attributes(id_.driver), id_.driver, device).is_part
