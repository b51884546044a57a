"""
Check types, and decide which function and overload each call means.

Source: github.com/google/cel-go checker/checker.go, v0.26.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..dialect import Dialect
from ..errors import CompileError, Unpredictable
from ..syntax.tree import (
    Call,
    Comprehension,
    Constant,
    Ident,
    ListLiteral,
    MapLiteral,
    MessageLiteral,
    Node,
    Select,
)
from ..values.values import Uint
from ..work import Work
from . import static_types as st
from .declarations import Declarations, Function, Overload
from .names import MESSAGES, ConstantValue, Scopes
from .static_types import Type, Unifier
from .validator import validate

_CONSTANT_TYPES: dict[type, Type] = {
    bool: st.BOOL,
    int: st.INT,
    Uint: st.UINT,
    float: st.DOUBLE,
    str: st.STRING,
    bytes: st.BYTES,
    type(None): st.NULL,
}
_NODE_UNITS = 6
"""The work of checking a node, apart from what unification takes."""

_QUANTITIES = st.map_of(st.STRING, st.map_of(st.STRING, st.QUANTITY))


@dataclass(frozen=True, slots=True)
class Checked:
    """
    What the checker found, by node.

    ``functions`` has each call's function and, if only one overload is possible, that one;
    ``global_calls`` the calls written ``a.b(c)`` that mean the function ``a.b``.
    ``constants`` has the names that stand for types or constants, ``global_names`` those of
    variables that a local one hides.
    """

    types: dict[Node, Type]
    functions: dict[Node, tuple[Function, Overload | None]]
    global_calls: frozenset[Node]
    constants: dict[Node, ConstantValue]
    global_names: frozenset[Node]


def check(root: Node, dialect: Dialect, declarations: Declarations, work: Work) -> Checked:
    """
    Check an expression as kube-scheduler does before it evaluates it.

    Raises ``CompileError`` for what it rejects, ``Unpredictable`` for what we do not know.
    """
    checker = _Checker(dialect, declarations, work)
    checker.check(root)
    types = {node: checker.resolved(node) for node in checker.types}
    validate(root, types, work)
    return Checked(
        types,
        checker.functions,
        frozenset(checker.global_calls),
        checker.constants,
        frozenset(checker.global_names),
    )


class _Checker:
    """The state of one check: types found so far and variables in scope."""

    def __init__(self, dialect: Dialect, declarations: Declarations, work: Work) -> None:
        self._declarations = declarations
        self._work = work
        self._unifier = Unifier(work, compares_type_parameters=dialect.cel_go_033)
        self._scopes = Scopes({"device": st.DEVICE}, cel_go_029=dialect.cel_go_029)
        attribute = st.DYN if dialect.iterate_attribute_value else st.ANY
        self._fields = {
            "driver": st.STRING,
            "allowMultipleAllocations": st.BOOL,
            "attributes": st.map_of(st.STRING, st.map_of(st.STRING, attribute)),
            "capacity": _QUANTITIES,
        }
        self.types: dict[Node, Type] = {}
        self.functions: dict[Node, tuple[Function, Overload | None]] = {}
        self.global_calls: set[Node] = set()
        self.constants: dict[Node, ConstantValue] = {}
        self.global_names: set[Node] = set()

    def resolved(self, node: Node) -> Type:
        """The type of a node with every type parameter replaced."""
        return self._unifier.substitute(self.types[node], unbound_to_dyn=True)

    def check(self, node: Node) -> Type:
        """Find and record the type of a node."""
        self._work.charge(_NODE_UNITS)
        node_type = self._type(node)
        self.types[node] = node_type
        return node_type

    def _type(self, node: Node) -> Type:
        if isinstance(node, Constant):
            return _CONSTANT_TYPES[type(node.value)]
        if isinstance(node, Ident):
            return self._ident(node)
        if isinstance(node, Select):
            return self._select(node)
        if isinstance(node, Call):
            return self._call(node)
        if isinstance(node, ListLiteral):
            return self._list(node)
        if isinstance(node, MapLiteral):
            return self._map(node)
        if isinstance(node, MessageLiteral):
            return _message(node)
        return self._comprehension(node)

    def _lookup(self, node: Node, name: str) -> Type | None:
        meaning = self._scopes.find(name)
        if meaning is None:
            return None
        if meaning.constant is not None:
            self.constants[node] = meaning.constant
        if meaning.hidden:
            self.global_names.add(node)
        return meaning.type

    def _ident(self, node: Ident) -> Type:
        named = self._lookup(node, node.name)
        if named is None:
            raise CompileError(f"undeclared reference to '{node.name}'")
        return named

    def _select(self, node: Select) -> Type:
        name = "" if node.test_only else _qualified(node)
        qualified = self._lookup(node, name) if name else None
        if qualified is not None:
            return qualified
        selected = self._field(node.operand, node.field, optional=False)
        return st.BOOL if node.test_only else self._unifier.substitute(selected)

    def _field(self, operand: Node, field: str, *, optional: bool) -> Type:
        operand_type = self._unifier.substitute(self.check(operand))
        target, was_optional = st.unwrap_optional(operand_type)
        if target.kind == "map":
            result = target.parameters[1]
        elif target == st.DEVICE:
            if field not in self._fields:
                raise CompileError(f"undefined field '{field}'")
            result = self._fields[field]
        elif target.kind == "param":
            self._unifier.assignable(st.DYN, target)
            result = st.DYN
        elif st.is_dynamic(target):
            result = st.DYN
        else:
            raise CompileError(f"type '{target}' does not support field selection")
        return st.optional_of(result) if was_optional or optional else result

    def _call(self, node: Call) -> Type:
        if node.function == "_?._":
            name = node.arguments[1]
            assert isinstance(name, Constant)
            self.check(name)
            return self._unifier.substitute(self._field(node.arguments[0], str(name.value), optional=True))
        arguments = [self.check(argument) for argument in node.arguments]
        if node.target is None:
            return self._resolve(node, self._function(node.function), arguments, member=False)
        prefix = _qualified(node.target)
        namespaced = self._declarations.get(f"{prefix}.{node.function}".removeprefix(".")) if prefix else None
        if namespaced is not None:
            self.global_calls.add(node)
            return self._resolve(node, namespaced, arguments, member=False)
        receiver = self.check(node.target)
        return self._resolve(node, self._function(node.function), [receiver, *arguments], member=True)

    def _function(self, name: str) -> Function:
        function = self._declarations.get(name)
        if function is not None:
            return function
        raise CompileError(f"undeclared reference to '{name}'")

    def _resolve(self, node: Call, function: Function, arguments: list[Type], *, member: bool) -> Type:
        if function.name in ("_&&_", "_||_"):
            self.functions[node] = (function, None)
            for argument in arguments:
                if not self._unifier.assignable(argument, st.BOOL):
                    raise CompileError(f"expected type 'bool' but found '{self._text(argument)}'")
            return st.BOOL
        result: Type | None = None
        matching = []
        for overload in function.overloads:
            if overload.member is not member:
                continue
            declared, declared_result = self._instantiate(overload)
            if not self._unifier.all_assignable(tuple(arguments), declared):
                continue
            matching.append(overload)
            returned = self._unifier.substitute(declared_result)
            if result is None:
                result = returned
            elif not st.is_dynamic(result) and returned != result:
                result = st.DYN
        if result is None:
            applied = ", ".join(self._text(argument) for argument in arguments)
            raise CompileError(f"found no matching overload for '{function.name}' applied to '({applied})'")
        self.functions[node] = (function, matching[0] if len(matching) == 1 else None)
        return result

    def _instantiate(self, overload: Overload) -> tuple[tuple[Type, ...], Type]:
        if not overload.parameters:
            return overload.arguments, overload.result
        fresh = {name: self._unifier.fresh() for name in sorted(overload.parameters)}
        return tuple(_renamed(t, fresh) for t in overload.arguments), _renamed(overload.result, fresh)

    def _text(self, type_: Type) -> str:
        return str(self._unifier.substitute(type_, unbound_to_dyn=True))

    def _list(self, node: ListLiteral) -> Type:
        joined: Type | None = None
        for index, element in enumerate(node.elements):
            element_type = self._entry(self.check(element), optional=index in node.optional)
            joined = self._join(joined, element_type)
        return st.list_of(joined or self._unifier.fresh())

    def _map(self, node: MapLiteral) -> Type:
        keys: Type | None = None
        values: Type | None = None
        for key, value, optional in node.entries:
            keys = self._join(keys, self.check(key))
            values = self._join(values, self._entry(self.check(value), optional=optional))
        if keys is None or values is None:
            keys, values = self._unifier.fresh(), self._unifier.fresh()
        return st.map_of(keys, values)

    def _entry(self, entry: Type, *, optional: bool) -> Type:
        """The type that an element, written with or without ``?``, gives its list or map."""
        if not optional:
            return entry
        inner, was_optional = st.unwrap_optional(entry)
        if not was_optional:
            if st.is_dynamic(entry):
                raise Unpredictable("an optional element of unknown type crashes cel-go")
            raise CompileError(f"expected type 'optional_type({inner})' but found '{inner}'")
        return inner

    def _join(self, previous: Type | None, current: Type) -> Type:
        if previous is None:
            return current
        if self._unifier.assignable(previous, current):
            return self._unifier.most_general(previous, current)
        return st.DYN

    def _comprehension(self, node: Comprehension) -> Type:
        self.check(node.range)
        accumulated = self.check(node.init)
        iter_range = self._unifier.substitute(self.types[node.range])
        self._scopes.push({node.accumulator: accumulated})
        self._scopes.push(self._variables(node, iter_range))
        self._assert(self.check(node.condition), st.BOOL)
        self._assert(self.check(node.step), accumulated)
        self._scopes.pop()
        result = self.check(node.result)
        self._scopes.pop()
        return self._unifier.substitute(result)

    def _variables(self, node: Comprehension, iter_range: Type) -> dict[str, Type]:
        two = bool(node.variable2)
        if iter_range.kind == "list":
            first, second = (
                (st.INT, iter_range.parameters[0]) if two else (iter_range.parameters[0], st.ERROR)
            )
        elif iter_range.kind == "map":
            first, second = iter_range.parameters
        elif iter_range.kind in ("dyn", "error", "param"):
            self._unifier.assignable(st.DYN, iter_range)
            first = second = st.DYN
        else:
            raise CompileError(f"expression of type '{iter_range}' cannot be range of a comprehension")
        return {node.variable: first, node.variable2: second} if two else {node.variable: first}

    def _assert(self, actual: Type, expected: Type) -> None:
        if not self._unifier.assignable(expected, actual):
            raise CompileError(f"expected type '{self._text(expected)}' but found '{self._text(actual)}'")


def _message(node: MessageLiteral) -> Type:
    name = node.name.removeprefix(".")
    if name in MESSAGES or name in ("list", "map", "optional_type"):
        raise Unpredictable("building protobuf messages is not modelled")
    raise CompileError(f"undeclared reference to '{name}'")


def _renamed(t: Type, names: dict[str, Type]) -> Type:
    if t.kind == "param":
        return names[t.name]
    if not t.parameters:
        return t
    return st.composed(t.kind, t.name, tuple(_renamed(inner, names) for inner in t.parameters))


def _qualified(node: Node) -> str:
    """``a.b.c`` as text, empty if the node is anything else."""
    if isinstance(node, Ident):
        return node.name
    if isinstance(node, Select) and not node.test_only:
        prefix = _qualified(node.operand)
        return f"{prefix}.{node.field}" if prefix else ""
    return ""
