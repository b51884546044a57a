"""
Expand macros into comprehensions while parsing.

Source: github.com/google/cel-go parser/macro.go, ext/comprehensions.go,
ext/bindings.go, ext/lists.go (sortBy) and cel/library.go (optMap), v0.26.
"""

from __future__ import annotations

from collections.abc import Callable

from ..errors import CompileError
from .tree import (
    ACCUMULATOR,
    UNUSED,
    Call,
    Comprehension,
    Constant,
    Ident,
    ListLiteral,
    Node,
    Select,
    call,
    comprehension,
    list_literal,
    map_literal,
    select,
)

Arguments = tuple[Node, ...]
Macro = Callable[[Node, Arguments], Node | None]

_ACCUMULATORS = frozenset({ACCUMULATOR, "__result__"})
_SORT_INPUT = "@__sortBy_input__"


def expand_global(function: str, arguments: Arguments) -> Node | None:
    """
    Expand ``has(a.b)``; ``None`` if this is no macro call.

    Raises ``CompileError`` if the argument is no field selection.
    """
    if function != "has" or len(arguments) != 1:
        return None
    argument = arguments[0]
    if not isinstance(argument, Select):
        raise CompileError("invalid argument to has() macro")
    return select(argument.operand, argument.field, test_only=True)


def expand_member(function: str, target: Node, arguments: Arguments) -> Node | None:
    """
    Expand a macro written ``target.function(arguments)``; ``None`` if this is no macro call.

    Raises ``CompileError`` if the arguments do not fit the macro.
    """
    macro = _MACROS.get((function, len(arguments)))
    return macro(target, arguments) if macro is not None else None


def _variable(node: Node, message: str = "argument must be a simple name") -> str:
    if not isinstance(node, Ident):
        raise CompileError(message)
    return node.name


def _iteration_variable(node: Node, message: str = "argument must be a simple name") -> str:
    name = _variable(node, message)
    if name in _ACCUMULATORS:
        raise CompileError("iteration variable overwrites accumulator variable")
    return name


def _variables(arguments: Arguments, count: int) -> tuple[str, str]:
    first = _iteration_variable(arguments[0])
    if count == 1:
        return first, ""
    second = _iteration_variable(arguments[1])
    if first == second:
        raise CompileError(f"duplicate variable name: {first}")
    return first, second


def _accumulated() -> Ident:
    return Ident(ACCUMULATOR)


def _all(count: int) -> Macro:
    def expand(target: Node, arguments: Arguments) -> Node:
        return comprehension(
            target,
            _variables(arguments, count),
            ACCUMULATOR,
            Constant(True),
            call("@not_strictly_false", _accumulated()),
            call("_&&_", _accumulated(), arguments[count]),
            _accumulated(),
        )

    return expand


def _exists(count: int) -> Macro:
    def expand(target: Node, arguments: Arguments) -> Node:
        return comprehension(
            target,
            _variables(arguments, count),
            ACCUMULATOR,
            Constant(False),
            call("@not_strictly_false", call("!_", _accumulated())),
            call("_||_", _accumulated(), arguments[count]),
            _accumulated(),
        )

    return expand


def _exists_one(count: int) -> Macro:
    def expand(target: Node, arguments: Arguments) -> Node:
        increment = call("_+_", _accumulated(), Constant(1))
        return comprehension(
            target,
            _variables(arguments, count),
            ACCUMULATOR,
            Constant(0),
            Constant(True),
            call("_?_:_", arguments[count], increment, _accumulated()),
            call("_==_", _accumulated(), Constant(1)),
        )

    return expand


def _collect(
    target: Node,
    variables: tuple[str, str],
    predicate: Node | None,
    step: Node,
    init: Node,
) -> Node:
    if predicate is not None:
        step = call("_?_:_", predicate, step, _accumulated())
    return comprehension(target, variables, ACCUMULATOR, init, Constant(True), step, _accumulated())


def _map(target: Node, arguments: Arguments) -> Node:
    variable = _iteration_variable(arguments[0], "argument is not an identifier")
    predicate = arguments[1] if len(arguments) == 3 else None
    step = call("_+_", _accumulated(), list_literal((arguments[-1],)))
    return _collect(target, (variable, ""), predicate, step, list_literal())


def _filter(target: Node, arguments: Arguments) -> Node:
    variable = _iteration_variable(arguments[0], "argument is not an identifier")
    step = call("_+_", _accumulated(), list_literal((Ident(variable),)))
    return _collect(target, (variable, ""), arguments[1], step, list_literal())


def _transform_list(target: Node, arguments: Arguments) -> Node:
    variables = _variables(arguments, 2)
    predicate = arguments[2] if len(arguments) == 4 else None
    step = call("_+_", _accumulated(), list_literal((arguments[-1],)))
    return _collect(target, variables, predicate, step, list_literal())


def _transform_map(target: Node, arguments: Arguments) -> Node:
    variables = _variables(arguments, 2)
    predicate = arguments[2] if len(arguments) == 4 else None
    step = call("cel.@mapInsert", _accumulated(), Ident(variables[0]), arguments[-1])
    return _collect(target, variables, predicate, step, map_literal())


def _transform_map_entry(target: Node, arguments: Arguments) -> Node:
    variables = _variables(arguments, 2)
    predicate = arguments[2] if len(arguments) == 4 else None
    step = call("cel.@mapInsert", _accumulated(), arguments[-1])
    return _collect(target, variables, predicate, step, map_literal())


def bound(variable: str, value: Node, result: Node) -> Node:
    """Build ``result`` with ``variable`` standing for ``value``, evaluated on first use."""
    return comprehension(
        list_literal(), (UNUSED, ""), variable, value, Constant(False), Ident(variable), result
    )


def _bind(target: Node, arguments: Arguments) -> Node | None:
    if not (isinstance(target, Ident) and target.name == "cel"):
        return None
    name = _variable(arguments[0], "cel.bind() variable names must be simple identifiers")
    return bound(name, arguments[1], arguments[2])


def _optional_map(target: Node, arguments: Arguments) -> Node:
    name = _variable(arguments[0], "optMap() variable name must be a simple identifier")
    mapped = bound(name, call("value", target=target), arguments[1])
    return call("_?_:_", call("hasValue", target=target), call("optional.of", mapped), call("optional.none"))


def _optional_flat_map(target: Node, arguments: Arguments) -> Node:
    name = _variable(arguments[0], "optFlatMap() variable name must be a simple identifier")
    mapped = bound(name, call("value", target=target), arguments[1])
    return call("_?_:_", call("hasValue", target=target), mapped, call("optional.none"))


def _sort_by(target: Node, arguments: Arguments) -> Node:
    if not isinstance(target, ListLiteral | Select | Ident | Comprehension | Call):
        raise CompileError(
            "sortBy can only be applied to a list, identifier, comprehension, call or select expression"
        )
    keys = _map(Ident(_SORT_INPUT), arguments)
    return bound(_SORT_INPUT, target, call("@sortByAssociatedKeys", keys, target=Ident(_SORT_INPUT)))


_MACROS: dict[tuple[str, int], Macro] = {
    ("all", 2): _all(1),
    ("all", 3): _all(2),
    ("exists", 2): _exists(1),
    ("exists", 3): _exists(2),
    ("exists_one", 2): _exists_one(1),
    ("exists_one", 3): _exists_one(2),
    ("existsOne", 3): _exists_one(2),
    ("map", 2): _map,
    ("map", 3): _map,
    ("filter", 2): _filter,
    ("transformList", 3): _transform_list,
    ("transformList", 4): _transform_list,
    ("transformMap", 3): _transform_map,
    ("transformMap", 4): _transform_map,
    ("transformMapEntry", 3): _transform_map_entry,
    ("transformMapEntry", 4): _transform_map_entry,
    ("bind", 3): _bind,
    ("optMap", 2): _optional_map,
    ("optFlatMap", 2): _optional_flat_map,
    ("sortBy", 2): _sort_by,
}
