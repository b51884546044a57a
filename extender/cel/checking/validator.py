"""
What Kubernetes checks about literals once their types are known.

Source: github.com/google/cel-go cel/validator.go, v0.26, with the validators that
k8s.io/apiserver pkg/cel/environment/base.go, v0.36, turns on.
"""

from __future__ import annotations

from ..errors import CompileError
from ..syntax.tree import Call, Comprehension, Constant, ListLiteral, MapLiteral, Node, Select
from ..values.regular_expressions import compile_pattern
from ..work import Work
from .format_check import check_template
from .static_types import Type, equivalent

Types = dict[Node, Type]


def validate(node: Node, types: Types, work: Work, *, exempt: bool = False) -> None:
    """
    Check a node and all below it; ``exempt`` literals, below a call of ``format``, may be mixed.

    Raises ``CompileError`` for an invalid pattern or format string, and for list elements or map
    entries of different types.
    """
    if isinstance(node, Call):
        _check_call(node, types, work)
        below = exempt or node.function == "format"
        for child in node.arguments if node.target is None else (*node.arguments, node.target):
            validate(child, types, work, exempt=below)
    elif isinstance(node, Select):
        validate(node.operand, types, work, exempt=exempt)
    elif isinstance(node, ListLiteral):
        _check_list(node, types, work, exempt)
    elif isinstance(node, MapLiteral):
        _check_map(node, types, work, exempt)
    elif isinstance(node, Comprehension):
        for child in (node.range, node.init, node.condition, node.step, node.result):
            validate(child, types, work, exempt=exempt)


def _check_call(node: Call, types: Types, work: Work) -> None:
    first = node.arguments[0] if node.arguments else None
    if node.function == "matches" and isinstance(first, Constant) and isinstance(first.value, str):
        # Of matches(text, pattern) upstream checks the text, mistaking it for the pattern.
        try:
            compile_pattern(first.value, work)
        except ValueError as error:
            raise CompileError(f"invalid matches argument: {error}") from None
    template = node.target.value if isinstance(node.target, Constant) else None
    if node.function == "format" and isinstance(template, str) and isinstance(first, ListLiteral):
        check_template(template, first, types)


def _check_list(node: ListLiteral, types: Types, work: Work, exempt: bool) -> None:
    first: Type | None = None
    for index, element in enumerate(node.elements):
        validate(element, types, work, exempt=exempt)
        element_type = types[element].parameters[0] if index in node.optional else types[element]
        first = first or element_type
        if not exempt and not equivalent(first, element_type):
            raise CompileError(f"expected type '{first}' but found '{element_type}'")


def _check_map(node: MapLiteral, types: Types, work: Work, exempt: bool) -> None:
    first: tuple[Type, Type] | None = None
    for key, value, optional in node.entries:
        validate(key, types, work, exempt=exempt)
        validate(value, types, work, exempt=exempt)
        value_type = types[value].parameters[0] if optional else types[value]
        first = first or (types[key], value_type)
        for expected, actual in zip(first, (types[key], value_type), strict=True):
            if not exempt and not equivalent(expected, actual):
                raise CompileError(f"expected type '{expected}' but found '{actual}'")
