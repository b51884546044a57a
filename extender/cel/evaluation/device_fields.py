"""
The usual ways to look at the device, without building its maps.
"""

from __future__ import annotations

from ..errors import no_such_key
from ..values.values import NONE, Optional
from .attributes import Evaluator, Qualifier, Selections
from .frame import Frame

# The root is no optional here, so there is nothing to convert.
_SELECTIONS = Selections(converts=False)


def device_field(qualifiers: tuple[Qualifier, ...], test_only: bool) -> Evaluator | None:
    """
    Build a direct evaluator for the usual ways to look at the device.

    ``qualifiers`` follow ``device``; ``None`` if they lead elsewhere, then ``Frame.variable`` serves.
    """
    keys = tuple(qualifier.key for qualifier in qualifiers[:3])
    if any(qualifier.evaluate is not None for qualifier in qualifiers[:3]):
        return None
    if keys == ("driver",) and not test_only and not qualifiers[0].optional:
        return lambda frame: frame.device.driver
    if keys == ("allowMultipleAllocations",) and not test_only and not qualifiers[0].optional:
        return lambda frame: frame.device.allow_multiple_allocations
    if len(keys) < 3 or keys[0] not in ("attributes", "capacity"):
        return None
    domain, identifier = keys[1], keys[2]
    if not isinstance(domain, str) or not isinstance(identifier, str):
        return None
    optional = any(qualifier.optional for qualifier in qualifiers[:3])
    rest = qualifiers[3:]
    if test_only and optional:
        return None
    if test_only and not rest:
        if keys[0] == "attributes":
            return _attribute_presence(domain, identifier)
        return None
    build = _attribute if keys[0] == "attributes" else _capacity
    root = build(domain, identifier, optional=optional)
    if not rest:
        return root
    if optional:
        return None
    return _SELECTIONS.presence(root, rest) if test_only else _SELECTIONS.chain(root, rest)


def _attribute(domain: str, identifier: str, *, optional: bool) -> Evaluator:
    name = _qualified(domain, identifier)

    def evaluate(frame: Frame) -> object:
        attribute = frame.device.attributes.get(name)
        if attribute is None:
            if optional:
                return NONE
            raise no_such_key(identifier)
        value = frame.readable(identifier, attribute)
        return Optional(value) if optional else value

    return evaluate


def _capacity(domain: str, identifier: str, *, optional: bool) -> Evaluator:
    name = _qualified(domain, identifier)

    def evaluate(frame: Frame) -> object:
        value = frame.quantity(name)
        if value is None:
            if optional:
                return NONE
            raise no_such_key(identifier)
        return Optional(value) if optional else value

    return evaluate


def _attribute_presence(domain: str, identifier: str) -> Evaluator:
    name = _qualified(domain, identifier)

    def evaluate(frame: Frame) -> object:
        attribute = frame.device.attributes.get(name)
        if attribute is None:
            return False
        frame.readable(identifier, attribute)
        return True

    return evaluate


def _qualified(domain: str, identifier: str) -> str:
    """The attribute's key; a domain holds no slash, so such a name finds nothing."""
    return f"{domain}/{identifier}" if "/" not in domain else ""
