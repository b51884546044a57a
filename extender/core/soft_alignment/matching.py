"""
How devices fare under a ``matchAttribute``, apart from any search.
"""

from __future__ import annotations

from collections.abc import Iterable

from extender.model import Attribute

from ..allocator.compared_values import MISSING, ValueClass, ValueClasses, looked_up
from ..allocator.constraints import constraint_of
from ..claims.compiled_claims import Compared, CompiledConstraint, ConstraintKind
from ..releases.release import Release
from .selection import SelectedDevice


class Matching:
    """``matchAttribute`` on one ``attribute`` (a full name), as the release applies it."""

    def __init__(self, attribute: str, release: Release) -> None:
        self.attribute = attribute
        self._constraint = constraint_of(CompiledConstraint(ConstraintKind.MATCH, attribute), release)
        self._compared = (Compared(attribute),)
        self._sets = release.features.list_type_attributes
        self._accepted: dict[Attribute | None, bool] = {}

    def accepts(self, device: SelectedDevice) -> bool:
        """Whether the constraint takes the device in when it is alone: not where the attribute is missing."""
        value = self._value(device)
        accepted = self._accepted.get(value)
        if accepted is None:
            (number,) = self._classes([device])
            accepted = self._accepted[value] = self._constraint.add("", number)
            if accepted:
                self._constraint.remove("")
        return accepted

    def refuses(self, device: SelectedDevice) -> bool:
        """Whether the device publishes the attribute, and is not taken in all the same."""
        return not self.accepts(device) and self._value(device) is not None

    def meet(
        self,
        left: Iterable[SelectedDevice],
        right: Iterable[SelectedDevice],
        *,
        saying_something: bool = False,
    ) -> bool:
        """
        Whether one of ``left`` and one of ``right`` match.

        ``saying_something``: on something else than the empty text, which drivers publish for
        what they do not know, and which matches itself.
        """
        ours, theirs = list(left), list(right)
        if saying_something:
            ours, theirs = list(filter(self._says, ours)), list(filter(self._says, theirs))
        classes = self._classes([*ours, *theirs])
        found, wanted = set(classes[: len(ours)]), set(classes[len(ours) :])
        return any(_match(one, other) for one in found for other in wanted)

    def _says(self, device: SelectedDevice) -> bool:
        value = self._value(device)
        return value is not None and value.value != ""

    def _value(self, device: SelectedDevice) -> Attribute | None:
        return looked_up(device.device, device.driver, self.attribute)

    def _classes(self, devices: Iterable[SelectedDevice]) -> list[ValueClass]:
        numbers = ValueClasses(self._compared, sets=self._sets)
        return [numbers.of((self._value(each),))[0] for each in devices]


def _match(one: ValueClass, other: ValueClass) -> bool:
    if isinstance(one, frozenset) and isinstance(other, frozenset):
        return not one.isdisjoint(other)
    return one == other and isinstance(one, int) and one > MISSING
