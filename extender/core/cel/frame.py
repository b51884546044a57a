"""
What one evaluation works on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

from ..model import Attribute, AttributeKind
from ..quantity import Quantity
from .errors import EvaluationError, Undecided
from .maps import DomainMap, StringMap
from .quantities import QuantityValue, quantity_value
from .semver import parse_semver

T = TypeVar("T")

COST_LIMIT = 1_000_000
"""``CELSelectorExpressionMaxCost``."""


class CelDevice(NamedTuple):
    """A device as selectors see it; ``attributes`` and ``capacity`` are keyed ``domain/id``."""

    driver: str
    allow_multiple_allocations: bool
    attributes: Mapping[str, Attribute]
    capacity: Mapping[str, Quantity]


class Frame:
    """
    A device, the variables in scope by slot, and the cost that is still allowed.

    The maps by domain are built only if the expression does more than look up
    attributes by constant names.
    """

    __slots__ = ("_attributes", "_capacity", "_device_map", "_quantities", "budget", "device", "slots")

    def __init__(self, device: CelDevice, slots: int, budget: int) -> None:
        self.device = device
        self.slots: list[object] = [None] * slots
        self.budget = budget
        self._attributes: DomainMap | None = None
        self._capacity: DomainMap | None = None
        self._device_map: StringMap | None = None
        self._quantities: dict[str, QuantityValue] = {}

    def charge(self, cost: int) -> None:
        """Count work; raises ``Undecided`` where Kubernetes might stop the evaluation."""
        self.budget -= cost
        if self.budget < 0:
            raise Undecided(f"the evaluation may exceed the cost limit of {COST_LIMIT}")

    @property
    def device_map(self) -> StringMap:
        """The variable ``device``."""
        if self._device_map is None:
            self._device_map = StringMap(
                {
                    "driver": self.device.driver,
                    "allowMultipleAllocations": self.device.allow_multiple_allocations,
                    "attributes": self.attributes,
                    "capacity": self.capacity,
                }
            )
        return self._device_map

    @property
    def attributes(self) -> DomainMap:
        """``device.attributes``."""
        if self._attributes is None:
            self._attributes = _by_domain(self.device.attributes, attribute_value)
        return self._attributes

    @property
    def capacity(self) -> DomainMap:
        """``device.capacity``."""
        if self._capacity is None:
            names = {name: name for name in self.device.capacity}
            self._capacity = _by_domain(names, self._known_quantity)
        return self._capacity

    def quantity(self, name: str) -> QuantityValue | None:
        """The capacity of this qualified name, the same object each time."""
        known = self._quantities.get(name)
        if known is None:
            found = self.device.capacity.get(name)
            if found is None:
                return None
            try:
                known = self._quantities[name] = quantity_value(found)
            except OverflowError as error:
                raise Undecided(str(error)) from None
            except ValueError as error:
                raise EvaluationError(str(error)) from None
        return known

    def _known_quantity(self, name: str) -> object:
        known = self.quantity(name)
        assert known is not None
        return known


def attribute_value(attribute: Attribute) -> object:
    """Return an attribute as a CEL value; versions become Semver objects."""
    kind, value = attribute
    if kind is AttributeKind.VERSION:
        assert isinstance(value, str)
        return parse_semver(value)
    if kind is AttributeKind.VERSIONS:
        assert isinstance(value, tuple)
        return tuple(parse_semver(str(version)) for version in value)
    return value


def _by_domain(values: Mapping[str, T], convert: Callable[[T], object]) -> DomainMap:
    domains: dict[str, dict[str, object]] = {}
    for name, value in values.items():
        domain, _, identifier = name.partition("/")
        domains.setdefault(domain, {})[identifier] = convert(value)
    return DomainMap({domain: StringMap(entries) for domain, entries in domains.items()})
