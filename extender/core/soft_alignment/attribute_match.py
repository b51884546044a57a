"""
What a ``matchAttribute`` constraint would say of devices, without a search.

It asks the same constraint that the search uses, so the rules of the release hold here too: of
a list as a set, of types that never match, of devices without the attribute.
"""

from __future__ import annotations

from collections.abc import Iterable

from extender.model import Attribute

from ..allocator.compared_values import MISSING, UNUSABLE_VALUE, ValueClass, ValueClasses, full_name
from ..allocator.constraints import constraint_of
from ..claims.compiled_claims import Compared, CompiledConstraint, ConstraintKind
from ..releases.release import Release
from .selection import SelectedDevice


class AttributeMatch:
    """A ``matchAttribute`` on one ``attribute`` (a full name), as the release applies it."""

    def __init__(self, attribute: str, release: Release) -> None:
        self.attribute = attribute
        self._constraint = constraint_of(CompiledConstraint(ConstraintKind.MATCH, attribute), release)
        self._compared = (Compared(attribute),)
        self._release = release
        self._accepted: dict[Attribute | None, bool] = {}

    def accepts(self, device: SelectedDevice) -> bool:
        """Whether the constraint holds for the device alone. It never does without the attribute."""
        value = self._value(device)
        accepted = self._accepted.get(value)
        if accepted is None:
            (number,) = self._value_classes([device])
            accepted = number != UNUSABLE_VALUE and self._constraint.add("", number)
            self._accepted[value] = accepted
            if accepted:
                self._constraint.remove("")
        return accepted

    def rejects_value(self, device: SelectedDevice) -> bool:
        """Whether the device publishes the attribute with a value that no constraint accepts."""
        return not self.accepts(device) and self._value(device) is not None

    def aborts(self, device: SelectedDevice) -> bool:
        """Whether the attempt is aborted once the constraint looks at the device."""
        return self._value_classes([device]) == [UNUSABLE_VALUE]

    def holds_for_some(
        self, left: Iterable[SelectedDevice], right: Iterable[SelectedDevice], *, ignore_empty: bool = False
    ) -> bool:
        """
        Whether the constraint holds for one of ``left`` together with one of ``right``.

        ``ignore_empty``: leave out devices whose value is the empty text. Drivers publish it for
        what they do not know, and it matches itself.
        """
        left, right = list(left), list(right)
        if ignore_empty:
            left = [device for device in left if self._is_filled(device)]
            right = [device for device in right if self._is_filled(device)]
        classes = self._value_classes([*left, *right])
        of_left, of_right = set(classes[: len(left)]), set(classes[len(left) :])
        return any(_match(one, other) for one in of_left for other in of_right)

    def _is_filled(self, device: SelectedDevice) -> bool:
        value = self._value(device)
        return value is not None and value.value != ""

    def _value(self, device: SelectedDevice) -> Attribute | None:
        return device.value(full_name(self.attribute, device.driver))

    def _value_classes(self, devices: Iterable[SelectedDevice]) -> list[ValueClass]:
        numbers = ValueClasses(self._compared, self._release)
        return [numbers.of((self._value(device),))[0] for device in devices]


def _match(one: ValueClass, other: ValueClass) -> bool:
    if isinstance(one, frozenset) and isinstance(other, frozenset):
        return not one.isdisjoint(other)
    return one == other and isinstance(one, int) and one > MISSING
