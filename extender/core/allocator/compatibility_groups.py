"""
Compatibility groups: which devices may draw on one counter set together.

Source: k8s.io/dynamic-resource-allocation structured/internal/experimental
compatibility_groups.go, v0.37.2.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .layout import Candidate, LayoutUsage

Common = tuple[str, ...] | None
"""Groups that all members of a counter set share, sorted; ``None``: no member has any."""

_NO_MEMBERS: Common | object = object()


def with_member(common: Common, groups: tuple[str, ...]) -> Common:
    """What a counter set's members share after one more that has ``groups``."""
    if common is None or not groups:
        return common
    return tuple(sorted(set(common) & set(groups)))


def first_member(groups: tuple[str, ...]) -> Common:
    """What a counter set's only member shares with itself."""
    return groups or None


def admits(common: Common, groups: tuple[str, ...]) -> bool:
    """Whether a device with ``groups`` may join: those without join only those without."""
    if common is None or not groups:
        return common is None and not groups
    return not set(common).isdisjoint(groups)


class AvailableGroups:
    """What the members of each counter set share: the allocated devices and this search's picks."""

    def __init__(self, usage: LayoutUsage) -> None:
        self._common: dict[tuple[int, str], Common] = {
            (pool, counter_set): common for pool, counter_set, common in usage.groups
        }

    def join(self, candidate: Candidate) -> Mapping[tuple[int, str], object] | None:
        """Take in a device; what to hand to ``leave`` later, ``None`` if it is not compatible."""
        before: dict[tuple[int, str], object] = {}
        for consumption in candidate.traits.consumes_counters:
            key = (candidate.pool, consumption.counter_set)
            groups = consumption.compatibility_groups
            if key not in self._common:
                before.setdefault(key, _NO_MEMBERS)
                self._common[key] = first_member(groups)
                continue
            common = self._common[key]
            if not admits(common, groups):
                self.leave(before)
                return None
            before.setdefault(key, common)
            self._common[key] = with_member(common, groups)
        return before

    def leave(self, before: Mapping[tuple[int, str], object]) -> None:
        """Put back what a ``join`` changed."""
        for key, common in before.items():
            if common is _NO_MEMBERS:
                del self._common[key]
            else:
                assert common is None or isinstance(common, tuple)
                self._common[key] = common


def common_groups(
    members: Iterable[tuple[str, tuple[str, ...]]],
) -> Mapping[str, Common]:
    """What the members of each counter set share; ``members`` are (counter set, groups), in order."""
    common: dict[str, Common] = {}
    for counter_set, groups in members:
        common[counter_set] = (
            with_member(common[counter_set], groups) if counter_set in common else first_member(groups)
        )
    return common
