"""
Check literal format strings against literal arguments when an expression is compiled.

Source: github.com/google/cel-go ext/formatting.go (stringFormatValidator), v0.26.
"""

from __future__ import annotations

from ..errors import CompileError
from ..syntax.tree import ListLiteral, MapLiteral, Node
from ..values.string_format import END_OF_STRING, parse_template
from .static_types import Type

_TEXTUAL = frozenset(
    {
        "list",
        "map",
        "int",
        "uint",
        "double",
        "bool",
        "string",
        "timestamp",
        "bytes",
        "duration",
        "type",
        "null_type",
    }
)
_ACCEPTED = {
    "d": frozenset({"int", "uint"}),
    "f": frozenset({"double", "string"}),
    "e": frozenset({"double", "string"}),
    "b": frozenset({"int", "uint", "bool"}),
    "x": frozenset({"int", "uint", "string", "bytes"}),
    "X": frozenset({"int", "uint", "string", "bytes"}),
    "o": frozenset({"int", "uint"}),
}


def check_template(template: str, arguments: ListLiteral, types: dict[Node, Type]) -> None:
    """
    Check a literal format string against its literal arguments.

    Raises ``CompileError`` as upstream's validator does.
    """
    parsed = parse_template(template)
    for index, (verb, _) in enumerate(parsed.clauses):
        if not verb and parsed.error == END_OF_STRING:
            raise CompileError(parsed.error)
        if index >= len(arguments.elements):
            raise CompileError(f"index {index} out of range")
        if not verb:
            raise CompileError(parsed.error)
        if not _formattable(verb, arguments.elements[index], types):
            argument_type = types[arguments.elements[index]]
            raise CompileError(f"error during formatting: %{verb} cannot format {argument_type}")
    if len(arguments.elements) > len(parsed.clauses):
        raise CompileError("too many arguments supplied to string.format")


def _formattable(verb: str, node: Node, types: dict[Node, Type]) -> bool:
    kind = types[node].kind
    if verb != "s":
        return kind == "dyn" or kind in _ACCEPTED[verb]
    if kind != "dyn" and kind not in _TEXTUAL:
        return False
    if isinstance(node, ListLiteral):
        return all(_formattable("s", element, types) for element in node.elements)
    if isinstance(node, MapLiteral):
        return all(_formattable("s", part, types) for entry in node.entries for part in entry[:2])
    return True
