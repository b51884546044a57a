"""
Which attributes an expression can read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from .tree import INDEXES, UNUSED, Call, Comprehension, Constant, Ident, ListLiteral, MapLiteral, Node, Select


@dataclass(frozen=True, slots=True)
class Reads:
    """
    What an evaluation may depend on, besides driver, capacity and allowMultipleAllocations.

    ``attributes`` are exact names ``domain/id`` (also those only tested for presence),
    ``domains`` those of which every attribute counts, ``everything`` the whole device.
    """

    attributes: frozenset[str]
    domains: frozenset[str]
    everything: bool


class _DevicePart(Enum):
    DEVICE = "device"
    ATTRIBUTES = "device.attributes"


@dataclass(frozen=True, slots=True)
class _Domain:
    name: str


_Part = _DevicePart | _Domain | None
"""Which part of the device an expression stands for; ``None``: a plain value."""


def reads(root: Node) -> Reads:
    """Find what an expression reads, erring on the side of more."""
    reader = _Reader()
    reader.use(reader.visit(root, {"device": _DevicePart.DEVICE}))
    return Reads(frozenset(reader.attributes), frozenset(reader.domains), reader.everything)


class _Reader:
    def __init__(self) -> None:
        self.attributes: set[str] = set()
        self.domains: set[str] = set()
        self.everything = False

    def use(self, part: _Part) -> None:
        """Note that a part of the device is used as a whole."""
        if isinstance(part, _Domain):
            self.domains.add(part.name)
        elif part is not None:
            self.everything = True

    def visit(self, node: Node, scope: Mapping[str, _Part]) -> _Part:
        """Note what a node reads and return what it stands for."""
        if isinstance(node, Ident):
            name = node.name.removeprefix(".")
            if name != node.name and scope.get(name) is not _DevicePart.DEVICE:
                # Depending on cel-go a leading dot means the device or what hides it.
                self.everything = True
            return scope.get(name)
        if isinstance(node, Select):
            return self._step(self.visit(node.operand, scope), node.field)
        if isinstance(node, Call):
            return self._call(node, scope)
        if isinstance(node, Comprehension):
            return self._comprehension(node, scope)
        if isinstance(node, ListLiteral):
            for element in node.elements:
                self.use(self.visit(element, scope))
        elif isinstance(node, MapLiteral):
            for key, value, _ in node.entries:
                self.use(self.visit(key, scope))
                self.use(self.visit(value, scope))
        return None

    def _step(self, part: _Part, key: object) -> _Part:
        if part is _DevicePart.DEVICE:
            if not isinstance(key, str):
                self.everything = True
            return _DevicePart.ATTRIBUTES if key == "attributes" else None
        if not isinstance(key, str):
            self.use(part)
            return None
        if part is _DevicePart.ATTRIBUTES:
            return _Domain(key)
        if isinstance(part, _Domain):
            self.attributes.add(f"{part.name}/{key}")
        return None

    def _call(self, node: Call, scope: Mapping[str, _Part]) -> _Part:
        if node.function in INDEXES:
            part = self.visit(node.arguments[0], scope)
            key = node.arguments[1]
            if isinstance(key, Constant):
                return self._step(part, key.value)
            self.use(self.visit(key, scope))
            self.use(part)
            return None
        if node.function == "@in" and isinstance(node.arguments[0], Constant):
            # A key's presence depends on as much as its value does.
            self.use(self._step(self.visit(node.arguments[1], scope), node.arguments[0].value))
            return None
        if node.target is not None:
            self.use(self.visit(node.target, scope))
        for argument in node.arguments:
            self.use(self.visit(argument, scope))
        return None

    def _comprehension(self, node: Comprehension, scope: Mapping[str, _Part]) -> _Part:
        init = self.visit(node.init, scope)
        if node.variable == UNUSED:
            return self.visit(node.result, {**scope, node.accumulator: init})
        self.use(init)
        self.use(self.visit(node.range, scope))
        inside = {**scope, node.accumulator: None}
        self.use(self.visit(node.result, inside))
        inside |= {node.variable: None, **({node.variable2: None} if node.variable2 else {})}
        self.use(self.visit(node.condition, inside))
        self.use(self.visit(node.step, inside))
        return None
