"""
The abstract syntax tree of CEL.

Nodes compare by identity, because the checker attaches types to nodes. Every
node knows its ``size`` (nodes below it, itself included) and ``depth``, so that
later passes can refuse what would take too long or recurse too deeply.

Source: github.com/google/cel-go common/ast, v0.26.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

ACCUMULATOR = "@result"
"""The hidden accumulator variable of the macros; no source text can spell it."""

UNUSED = "#unused"
"""The iteration variable of a comprehension that only binds a name."""

INDEXES = frozenset({"_[_]", "_[?_]", "_?._"})
"""The calls that select: ``a[b]``, ``a[?b]``, ``a.?b``."""


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """A literal; ``value`` is a CEL value (``values.py``)."""

    value: object
    size: int = 1
    depth: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Ident:
    """A name; a leading dot is kept, and means nothing but that no macro declares such a variable."""

    name: str
    size: int = 1
    depth: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Select:
    """``operand.field``, or ``has(operand.field)`` if ``test_only``."""

    operand: Node
    field: str
    test_only: bool
    size: int
    depth: int


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A function or operator; ``target`` is set for ``target.function(...)``."""

    function: str
    target: Node | None
    arguments: tuple[Node, ...]
    size: int
    depth: int


@dataclass(frozen=True, slots=True, eq=False)
class ListLiteral:
    """``optional`` holds the indices of the elements written ``?element``."""

    elements: tuple[Node, ...]
    optional: frozenset[int]
    size: int
    depth: int


@dataclass(frozen=True, slots=True, eq=False)
class MapLiteral:
    """Entries are (key, value, written with ``?``)."""

    entries: tuple[tuple[Node, Node, bool], ...]
    size: int
    depth: int


@dataclass(frozen=True, slots=True, eq=False)
class Comprehension:
    """
    A fold: what every macro expands to.

    ``variable2`` is empty for the one-variable form. A ``cel.bind`` is a fold over an
    empty list whose accumulator is the bound variable.
    """

    range: Node
    variable: str
    variable2: str
    accumulator: str
    init: Node
    condition: Node
    step: Node
    result: Node
    size: int
    depth: int


@dataclass(frozen=True, slots=True, eq=False)
class MessageLiteral:
    """``name{field: value}``; nothing but its name is kept, as it is not modelled."""

    name: str
    size: int = 1
    depth: int = 1


Node = Constant | Ident | Select | Call | ListLiteral | MapLiteral | MessageLiteral | Comprehension


def select(operand: Node, field: str, *, test_only: bool = False) -> Select:
    """Build ``operand.field``."""
    return Select(operand, field, test_only, operand.size + 1, operand.depth + 1)


def call(function: str, *arguments: Node, target: Node | None = None) -> Call:
    """Build a call; chains of ``&&`` and ``||`` are one call with many arguments."""
    children = arguments if target is None else (target, *arguments)
    return Call(function, target, arguments, *_extent(children))


def list_literal(elements: tuple[Node, ...] = (), optional: frozenset[int] = frozenset()) -> ListLiteral:
    """Build a list literal."""
    return ListLiteral(elements, optional, *_extent(elements))


def map_literal(entries: tuple[tuple[Node, Node, bool], ...] = ()) -> MapLiteral:
    """Build a map literal."""
    return MapLiteral(entries, *_extent(node for key, value, _ in entries for node in (key, value)))


def comprehension(
    iter_range: Node,
    variables: tuple[str, str],
    accumulator: str,
    init: Node,
    condition: Node,
    step: Node,
    result: Node,
) -> Comprehension:
    """Build a fold; the second of ``variables`` is empty for the one-variable form."""
    extent = _extent((iter_range, init, condition, step, result))
    return Comprehension(iter_range, *variables, accumulator, init, condition, step, result, *extent)


def uses(node: Node, variable: str) -> int:
    """Return how often a variable may be read below a node: twice if in an iteration."""
    if isinstance(node, Ident):
        return node.name.removeprefix(".") == variable
    if isinstance(node, Select):
        return uses(node.operand, variable)
    if isinstance(node, Call):
        target = uses(node.target, variable) if node.target is not None else 0
        return target + sum(uses(argument, variable) for argument in node.arguments)
    if isinstance(node, ListLiteral):
        return sum(uses(element, variable) for element in node.elements)
    if isinstance(node, MapLiteral):
        return sum(uses(key, variable) + uses(value, variable) for key, value, _ in node.entries)
    if not isinstance(node, Comprehension):
        return 0
    inside = uses(node.condition, variable) + uses(node.step, variable)
    return 2 * inside + sum(uses(part, variable) for part in (node.range, node.init, node.result))


def _extent(children: Iterable[Node]) -> tuple[int, int]:
    size, depth = 1, 0
    for child in children:
        size += child.size
        depth = max(depth, child.depth)
    return size, depth + 1
