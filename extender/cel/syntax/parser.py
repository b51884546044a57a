"""
Parse CEL into a syntax tree with all macros expanded.

Source: github.com/google/cel-go parser/gen/CEL.g4 and parser/parser.go, v0.26,
with the optional syntax that Kubernetes enables.
"""

from __future__ import annotations

from ..errors import CompileError, Unpredictable
from ..work import Work
from .lexer import Token, TokenKind, tokenize
from .literals import literal_value
from .macros import expand_global, expand_member
from .tree import Constant, Ident, MessageLiteral, Node, Select, call, list_literal, map_literal, select

MAX_LENGTH = 10 * 1024
"""The API server refuses longer selectors: ``CELSelectorExpressionMaxLength``."""

_REJECTED_NESTING = 250  # cel-go's limit on nested brackets
_MAX_NESTING = 40  # ours; each level costs a few Python frames
_MAX_DEPTH = 100
_MAX_SIZE = 20_000
_TOKEN_UNITS = 8
"""The work of parsing a token."""


_OR, _AND, _RELATION, _SUM, _PRODUCT = 1, 2, 3, 4, 5
_INFIX = {
    "||": (_OR, "_||_"),
    "&&": (_AND, "_&&_"),
    "<": (_RELATION, "_<_"),
    "<=": (_RELATION, "_<=_"),
    ">": (_RELATION, "_>_"),
    ">=": (_RELATION, "_>=_"),
    "==": (_RELATION, "_==_"),
    "!=": (_RELATION, "_!=_"),
    "in": (_RELATION, "@in"),
    "+": (_SUM, "_+_"),
    "-": (_SUM, "_-_"),
    "*": (_PRODUCT, "_*_"),
    "/": (_PRODUCT, "_/_"),
    "%": (_PRODUCT, "_%_"),
}
_BEFORE_OPTIONAL = frozenset({".", "[", "{", ","})
_RESERVED = frozenset(
    {
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "let",
        "loop",
        "package",
        "namespace",
        "return",
        "var",
        "void",
        "while",
    }
)
_CONSTANTS = {"true": True, "false": False, "null": None}


def parse(expression: str, work: Work, *, quoted_fields: bool = False) -> Node:
    """
    Return the syntax tree of an expression; ``quoted_fields`` may be written in backticks.

    Raises ``CompileError`` for what cel-go refuses to parse, and ``Unpredictable`` for an
    expression too long or too deep for us.
    """
    if len(expression) > MAX_LENGTH:
        raise Unpredictable(f"the expression is longer than {MAX_LENGTH} characters")
    tokens = tokenize(expression, work)
    work.charge(_TOKEN_UNITS * len(tokens))
    nesting = _nesting(tokens)
    if nesting > _REJECTED_NESTING:
        raise CompileError(f"expression recursion limit exceeded: {_REJECTED_NESTING}")
    if nesting > _MAX_NESTING:
        raise Unpredictable(f"brackets are nested more than {_MAX_NESTING} deep")
    return _Parser(tokens, quoted_fields=quoted_fields).parse()


def _nesting(tokens: list[Token]) -> int:
    """The deepest nesting of brackets and of the right-recursive ``? :``."""
    opened: list[int] = []
    depth = deepest = 0
    previous = ""
    for token in tokens:
        text = token.text if token.kind is TokenKind.OPERATOR else ""
        if text and text in "([{":
            opened.append(depth)
            depth += 1
        elif text and text in ")]}":
            depth = opened.pop() if opened else 0
        elif text == "," and opened:
            depth = opened[-1] + 1
        elif text == "?" and previous not in _BEFORE_OPTIONAL:
            depth += 1
        deepest = max(deepest, depth)
        previous = text
    return deepest


class _Parser:
    """Recursive descent over the tokens of one expression."""

    def __init__(self, tokens: list[Token], *, quoted_fields: bool) -> None:
        self._tokens = tokens
        self._quoted_fields = quoted_fields
        self._next = 0

    def parse(self) -> Node:
        node = self._expression()
        token = self._tokens[self._next]
        if token.kind is not TokenKind.END:
            raise self._unexpected()
        return node

    def _unexpected(self) -> CompileError:
        token = self._tokens[self._next]
        return CompileError(
            f"syntax error at offset {token.offset}: unexpected {token.text or 'end of input'!r}"
        )

    def _peek(self, *texts: str) -> bool:
        token = self._tokens[self._next]
        return token.kind is TokenKind.OPERATOR and token.text in texts

    def _take(self, *texts: str) -> str:
        """Consume the next token if it is one of these operators, else return ''."""
        if not self._peek(*texts):
            return ""
        self._next += 1
        return self._tokens[self._next - 1].text

    def _expect(self, text: str) -> None:
        if not self._take(text):
            raise self._unexpected()

    def _identifier(self) -> str:
        token = self._tokens[self._next]
        if token.kind is not TokenKind.IDENTIFIER:
            raise self._unexpected()
        self._next += 1
        return token.text

    def _expression(self) -> Node:
        condition = self._infix(_OR)
        if not self._take("?"):
            return condition
        truthy = self._infix(_OR)
        self._expect(":")
        return _bounded(call("_?_:_", condition, truthy, self._expression()))

    def _infix(self, weakest: int) -> Node:
        """Parse operators that bind at least as strongly as ``weakest``; all associate to the left."""
        node = self._unary()
        while True:
            token = self._tokens[self._next]
            strength, function = _INFIX.get(token.text, (0, ""))
            if strength < weakest or token.kind is not TokenKind.OPERATOR:
                return node
            operands = [node]
            while self._take(token.text):
                operands.append(self._infix(strength + 1))
                if strength > _AND:
                    break
            node = _bounded(call(function, *operands))

    def _unary(self) -> Node:
        if self._peek("!"):
            negations = 0
            while self._take("!"):
                negations += 1
            member = self._member()
            return _bounded(call("!_", member)) if negations % 2 else member
        signs = 0
        while self._peek("-") and not self._is_number(self._next + 1):
            self._next += 1
            signs += 1
        if signs and self._peek("-"):
            # "--1": the grammar takes every minus as an operator before a number.
            self._next += 1
            signs += 1
        member = self._member()
        return _bounded(call("-_", member)) if signs % 2 else member

    def _is_number(self, index: int) -> bool:
        return self._tokens[index].kind in (TokenKind.INT, TokenKind.FLOAT)

    def _member(self) -> Node:
        node = self._primary()
        while True:
            if self._take("."):
                optional = self._take("?")
                quoted = self._tokens[self._next].kind is TokenKind.QUOTED_IDENTIFIER
                name = self._field()
                if optional:
                    node = call("_?._", node, Constant(name))
                elif not quoted and self._take("("):
                    node = self._member_call(name, node)
                else:
                    node = select(node, name)
            elif self._take("["):
                function = "_[?_]" if self._take("?") else "_[_]"
                node = call(function, node, self._expression())
                self._expect("]")
            elif self._peek("{") and _name_of(node):
                node = self._message(_name_of(node))
            else:
                return node
            _bounded(node)

    def _field(self) -> str:
        """The name of a field, which may be quoted."""
        token = self._tokens[self._next]
        if token.kind is not TokenKind.QUOTED_IDENTIFIER:
            return self._identifier()
        if not self._quoted_fields:
            raise CompileError("unsupported syntax: '`'")
        self._next += 1
        return token.text[1:-1]

    def _message(self, name: str) -> Node:
        self._expect("{")
        while not self._peek("}", ","):
            self._take("?")
            self._field()
            self._expect(":")
            self._expression()
            if not self._take(","):
                break
        self._take(",")
        self._expect("}")
        return MessageLiteral(name)

    def _member_call(self, name: str, target: Node) -> Node:
        arguments = self._arguments()
        return expand_member(name, target, arguments) or call(name, *arguments, target=target)

    def _arguments(self) -> tuple[Node, ...]:
        """The arguments of a call, after its opening parenthesis."""
        if self._take(")"):
            return ()
        arguments = [self._expression()]
        while self._take(","):
            arguments.append(self._expression())
        self._expect(")")
        return tuple(arguments)

    def _primary(self) -> Node:
        token = self._tokens[self._next]
        if token.kind is TokenKind.IDENTIFIER or self._peek("."):
            return self._name()
        if token.kind is not TokenKind.OPERATOR or self._is_negative_number():
            return self._literal()
        if token.text in _CONSTANTS:
            self._next += 1
            return Constant(_CONSTANTS[token.text])
        if self._take("("):
            node = self._expression()
            self._expect(")")
            return node
        if self._take("["):
            return self._list()
        if self._take("{"):
            return self._map()
        raise self._unexpected()

    def _name(self) -> Node:
        dot = self._take(".")
        name = self._identifier()
        if name in _RESERVED:
            raise CompileError(f"reserved identifier: {name}")
        if not self._take("("):
            return Ident(dot + name)
        arguments = self._arguments()
        return (None if dot else expand_global(name, arguments)) or call(name, *arguments)

    def _is_negative_number(self) -> bool:
        return self._peek("-") and self._is_number(self._next + 1)

    def _literal(self) -> Node:
        sign = self._take("-")
        token = self._tokens[self._next]
        if token.kind in (TokenKind.END, TokenKind.QUOTED_IDENTIFIER):
            raise self._unexpected()
        self._next += 1
        return Constant(literal_value(token, sign))

    def _list(self) -> Node:
        elements: list[Node] = []
        optional = set()
        while not self._peek("]", ","):
            if self._take("?"):
                optional.add(len(elements))
            elements.append(self._expression())
            if not self._take(","):
                break
        if not elements:
            self._take(",")
        self._expect("]")
        return _bounded(list_literal(tuple(elements), frozenset(optional)))

    def _map(self) -> Node:
        entries: list[tuple[Node, Node, bool]] = []
        while not self._peek("}", ","):
            optional = bool(self._take("?"))
            key = self._expression()
            self._expect(":")
            entries.append((key, self._expression(), optional))
            if not self._take(","):
                break
        if not entries:
            self._take(",")
        self._expect("}")
        return _bounded(map_literal(tuple(entries)))


def _name_of(node: Node) -> str:
    """``a.b.c`` as text, empty if the node is anything else."""
    if isinstance(node, Ident):
        return node.name
    if isinstance(node, Select) and not node.test_only and (prefix := _name_of(node.operand)):
        return f"{prefix}.{node.field}"
    return ""


def _bounded(node: Node) -> Node:
    """Return the node; refuse trees that the later passes could not walk."""
    if node.depth > _MAX_DEPTH or node.size > _MAX_SIZE:
        raise Unpredictable("the expression is nested too deeply or expands to too much")
    return node
