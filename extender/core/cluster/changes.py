"""
What happened to a cluster since a snapshot, and what of it makes a difference.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from extender.model import Claim, DeviceClass, DeviceTaintRule, Namespace, Node, Pod, ResourceSlice

K = TypeVar("K", bound=Hashable)
N = TypeVar("N", str, tuple[str, str])
G = TypeVar("G", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Changes:
    """
    Objects to add or replace, by kind, and names of those that are gone.

    Of several objects with one name the last counts; a name that is also among the
    gone ones is gone. Slices go by the name of the ResourceSlice, claims and pods
    by namespace and name.
    """

    nodes: tuple[Node, ...] = ()
    slices: tuple[ResourceSlice, ...] = ()
    classes: tuple[DeviceClass, ...] = ()
    claims: tuple[Claim, ...] = ()
    pods: tuple[Pod, ...] = ()
    taint_rules: tuple[DeviceTaintRule, ...] = ()
    namespaces: tuple[Namespace, ...] = ()
    gone_nodes: tuple[str, ...] = ()
    gone_slices: tuple[str, ...] = ()
    gone_classes: tuple[str, ...] = ()
    gone_claims: tuple[tuple[str, str], ...] = ()
    gone_pods: tuple[tuple[str, str], ...] = ()
    gone_taint_rules: tuple[str, ...] = ()
    gone_namespaces: tuple[str, ...] = ()


class Difference(NamedTuple, Generic[V]):
    """An object before and after; ``None`` where there is none, never both alike."""

    before: V | None
    after: V | None


def differences(
    known: Callable[[K], V | None], updates: Iterable[tuple[K, V]], gone: Iterable[K]
) -> dict[K, Difference[V]]:
    """
    What the updates change, by key, in the order of the updates.

    Most events of a live cluster change nothing that is decoded, so values are compared.
    """
    wanted: dict[K, V | None] = dict(updates)
    wanted.update(dict.fromkeys(gone))
    pairs = ((key, known(key), value) for key, value in wanted.items())
    return {key: Difference(before, after) for key, before, after in pairs if before != after}


def applied(known: Mapping[K, V], changed: Mapping[K, Difference[V]]) -> Mapping[K, V]:
    """The mapping with the differences in it; the same object without any."""
    if not changed:
        return known
    after = copied(known)
    for key, difference in changed.items():
        if difference.after is None:
            after.pop(key, None)
        else:
            after[key] = difference.after
    return after


def copied(known: Mapping[K, V]) -> dict[K, V]:
    """A copy to be changed; ``dict(known)`` is far slower where ``known`` has lost keys."""
    return known.copy() if isinstance(known, dict) else dict(known)


def regrouped(
    groups: Mapping[G, tuple[V, ...]],
    changed: Mapping[N, Difference[V]],
    groups_of: Callable[[V], Iterable[G]],
    name_of: Callable[[V], N],
) -> Mapping[G, tuple[V, ...]]:
    """
    Groups of objects, each in the order of names, with the differences in them.

    An object is in every group that ``groups_of`` tells; no group is empty. The same
    mapping if no group changes.
    """
    moved: dict[G, dict[N, V | None]] = {}
    for name, (before, after) in changed.items():
        for group in groups_of(before) if before is not None else ():
            moved.setdefault(group, {})[name] = None
        for group in groups_of(after) if after is not None else ():
            moved.setdefault(group, {})[name] = after
    if not moved:
        return groups
    result = copied(groups)
    for group, members in moved.items():
        kept = [each for each in groups.get(group, ()) if name_of(each) not in members]
        kept += [each for each in members.values() if each is not None]
        if kept:
            result[group] = tuple(sorted(kept, key=name_of))
        else:
            result.pop(group, None)
    return result
