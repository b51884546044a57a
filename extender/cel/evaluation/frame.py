"""
What one evaluation works on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from extender.model import Attribute, AttributeKind
from extender.model.quantity import Quantity

from ..errors import COST_EXCEEDED, CostExceeded, EvaluationError, Unpredictable
from ..values.maps import DomainMap, LazyDomainMap, LazyMap, StringMap, Unreadable, unreadable
from ..values.quantities import PARSE_UNITS, QuantityValue, quantity_value
from ..values.semver import parse_semver
from ..work import Work
from .bounds import COST_LIMIT

# Looking a member up on its class at every read would take longer than the rest of it.
_VERSION = AttributeKind.VERSION
_VERSIONS = AttributeKind.VERSIONS


class CelDevice(NamedTuple):
    """A device as selectors see it; ``attributes`` and ``capacity`` are keyed ``domain/id``."""

    driver: str
    allow_multiple_allocations: bool
    attributes: Mapping[str, Attribute]
    capacity: Mapping[str, Quantity]


class Frame:
    """
    A device, the variables in scope by slot, the cost that is still allowed, and the meter of work.

    ``lazy``: the device's maps and quantities are those of 1.38.
    """

    __slots__ = ("_lazy", "_quantities", "_variable", "budget", "device", "slots", "work")

    def __init__(self, device: CelDevice, slots: int, budget: int, work: Work, *, lazy: bool = False) -> None:
        self.device = device
        self._lazy = lazy
        self.slots: list[object] = [None] * slots
        self.budget = budget
        self.work = work
        self._variable: StringMap | None = None
        self._quantities: dict[str, QuantityValue] | None = None

    def charge(self, cost: int) -> None:
        """Count Kubernetes' cost; raises ``CostExceeded`` when the budget is used up."""
        self.budget -= cost
        if self.budget < 0:
            raise CostExceeded(COST_EXCEEDED)

    def refund(self) -> None:
        """Take one unit back; raises ``CostExceeded`` if none was charged, as upstream's counter wraps."""
        if self.budget >= COST_LIMIT:
            raise CostExceeded(COST_EXCEEDED)
        self.budget += 1

    @property
    def variable(self) -> StringMap:
        """
        The variable ``device`` as a map.

        Expressions that only look up constant names do without it.
        """
        if self._variable is None:
            device = self.device
            self.work.charge(2 * (len(device.attributes) + len(device.capacity)))
            attributes = {
                name: self._value(name.partition("/")[2], value) for name, value in device.attributes.items()
            }
            self._variable = StringMap(
                {
                    "driver": device.driver,
                    "allowMultipleAllocations": device.allow_multiple_allocations,
                    "attributes": _by_domain(attributes, lazy=self._lazy),
                    "capacity": _by_domain(
                        {name: self.quantity(name) for name in device.capacity}, lazy=self._lazy
                    ),
                }
            )
        return self._variable

    def readable(self, identifier: str, attribute: Attribute) -> object:
        """The attribute as a CEL value; raises ``EvaluationError`` where it cannot be read."""
        value = self._value(identifier, attribute)
        if type(value) is Unreadable:
            raise unreadable(identifier)
        return value

    def _value(self, identifier: str, attribute: Attribute) -> object:
        """
        The attribute as a CEL value, or that it cannot be read.

        Source: k8s.io/dynamic-resource-allocation api/conversion.go attrValue, v0.38.0-beta.0.
        """
        if not self._lazy:
            return attribute_value(attribute, self.work)
        if attribute.value is None or attribute.value == ():
            return Unreadable(identifier)
        try:
            return attribute_value(attribute, self.work)
        except ValueError:
            return Unreadable(identifier)

    def quantity(self, name: str) -> QuantityValue | None:
        """The capacity of this qualified name: one object per evaluation, as it may change."""
        cached = self._quantities.get(name) if self._quantities is not None else None
        if cached is not None:
            return cached
        capacity = self.device.capacity.get(name)
        if capacity is None:
            return None
        self.work.charge(PARSE_UNITS)
        try:
            value = quantity_value(capacity, wide=self._lazy)
        except OverflowError as error:
            raise Unpredictable(str(error)) from None
        except ValueError as error:
            raise EvaluationError(str(error)) from None
        if self._quantities is None:
            self._quantities = {}
        self._quantities[name] = value
        return value


def attribute_value(attribute: Attribute, work: Work) -> object:
    """Return an attribute as a CEL value; versions become Semver objects."""
    kind, value = attribute
    if kind is _VERSION:
        return parse_semver(str(value))
    if kind is _VERSIONS and isinstance(value, tuple):
        work.charge(len(value))
        return tuple([parse_semver(str(version)) for version in value])
    return value


def _by_domain(values: Mapping[str, object], *, lazy: bool) -> DomainMap:
    domains: dict[str, dict[str, object]] = {}
    for name, value in values.items():
        domain, _, identifier = name.partition("/")
        domains.setdefault(domain, {})[identifier] = value
    if lazy:
        return LazyDomainMap({domain: LazyMap(entries) for domain, entries in domains.items()})
    return DomainMap({domain: StringMap(entries) for domain, entries in domains.items()})
