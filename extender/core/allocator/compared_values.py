"""
The values that constraints compare, as numbers: equal values on a node, equal numbers.

Source: k8s.io/dynamic-resource-allocation structured/internal allocator_*.go
lookupAttribute and attributeAsSet, api/conversion.go attrValue, v0.34 to v0.38.0-beta.0.
"""

from __future__ import annotations

from collections.abc import Sequence

from extender.cel import Answer, AnswerKind, CelDevice, Work, version_key
from extender.model import Attribute, AttributeKind, Device
from extender.model.devices import Scalar

from ..claims.compiled_claims import Compared
from ..releases.release import Release

ValueClass = int | frozenset[int]
"""A number for a scalar, the numbers of the elements where lists count as sets, or one of those below."""

MISSING, INCOMPARABLE, FAILED_VALUE, UNDECIDED_VALUE, UNUSABLE_VALUE = -1, -2, -3, -4, -5
"""
No value; a value that equals nothing (unknown types, and lists where they are no sets); an
expression that fails on the device, which aborts the attempt that looks at it; one that we
cannot evaluate; a value that nothing can compare, which aborts the attempt that looks at it
(such values, and texts that are no versions, in releases where ``unusable_aborts``).
"""

Value = Attribute | Answer | None
"""What is compared of one device: an attribute, none, or why there is no telling."""

ELEMENT_KIND = {
    AttributeKind.INTS: AttributeKind.INT,
    AttributeKind.BOOLS: AttributeKind.BOOL,
    AttributeKind.STRINGS: AttributeKind.STRING,
    AttributeKind.VERSIONS: AttributeKind.VERSION,
}
"""The kind of the elements of each kind of list."""


def looked_up(device: Device, driver: str, attribute: str) -> Attribute | None:
    """What a device publishes under the attribute of a constraint: bare names mean the driver's own."""
    return device.attributes.get(full_name(attribute, driver))


def full_name(attribute: str, driver: str) -> str:
    return attribute if "/" in attribute else f"{driver}/{attribute}"


def values_of(
    device: Device, driver: str, seen: CelDevice, compared: Sequence[Compared], work: Work
) -> tuple[Value, ...]:
    """The compared values of a device; ``seen`` is how expressions see it, ``work`` what they may take."""
    return tuple(
        looked_up(device, driver, value.attribute)
        if value.derived is None
        else value.derived.value(seen, work)
        for value in compared
    )


class ValueClasses:
    """
    Numbers the compared values of one node by first occurrence.

    Values compared under one attribute name share their numbers, published or derived.
    """

    def __init__(self, compared: Sequence[Compared], release: Release) -> None:
        numbers: dict[str, dict[tuple[AttributeKind, Scalar], int]] = {}
        self._numbers = [numbers.setdefault(value.attribute, {}) for value in compared]
        self._derived = [value.derived is not None for value in compared]
        self._sets = release.features.list_type_attributes
        self._by_precedence = release.comparison.by_precedence
        self._unusable = UNUSABLE_VALUE if release.comparison.unusable_aborts else INCOMPARABLE

    def of(self, values: Sequence[Value]) -> tuple[ValueClass, ...]:
        """The classes of a device's values; both in the order of the claims' ``compared``."""
        return tuple(map(self._class, values, self._numbers, self._derived))

    def _class(
        self, value: Value, numbers: dict[tuple[AttributeKind, Scalar], int], derived: bool
    ) -> ValueClass:
        if value is None:
            return MISSING
        if isinstance(value, Answer):
            return FAILED_VALUE if value.kind is AnswerKind.ERROR else UNDECIDED_VALUE
        kind, scalar = value.kind, value.value
        if isinstance(scalar, tuple):
            # An empty list that is published has no type to go by, one that is derived has.
            if not self._sets or not (scalar or (derived and self._unusable == UNUSABLE_VALUE)):
                return self._unusable
            kind = ELEMENT_KIND[kind]
            elements = self._versions(scalar) if kind is AttributeKind.VERSION else scalar
            if elements is None:
                return self._unusable
            return frozenset([numbers.setdefault((kind, element), len(numbers)) for element in elements])
        if scalar is not None and kind is AttributeKind.VERSION:
            versions = self._versions((scalar,))
            scalar = None if versions is None else versions[0]
        if scalar is None:
            return self._unusable
        number = numbers.setdefault((kind, scalar), len(numbers))
        return frozenset((number,)) if self._sets else number

    def _versions(self, texts: tuple[Scalar, ...]) -> tuple[Scalar, ...] | None:
        """Versions as texts that are equal if the versions are; ``None``: one of them is no version."""
        if not self._by_precedence:
            return texts
        keys = tuple(version_key(str(text)) for text in texts)
        return None if None in keys else tuple(key for key in keys if key is not None)
