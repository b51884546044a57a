"""
Turn a checked syntax tree into closures.

Source: github.com/google/cel-go interpreter/planner.go, interpretable.go and
decorators.go, v0.26, with the optimisations that Kubernetes turns on.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from . import attributes, calls, folds, logic
from .attributes import Evaluator, Qualifier
from .checker import Checked
from .cost import COST_LIMIT, weight
from .device_fields import device_field
from .errors import CompileError, EvaluationError, Undecided
from .frame import CelDevice, Frame
from .regular_expressions import compile_pattern
from .syntax import (
    INDEXES,
    UNUSED,
    Call,
    Comprehension,
    Constant,
    Ident,
    ListLiteral,
    MapLiteral,
    Node,
    Select,
)
from .values import MAX_INT

_CONVERSIONS = frozenset(
    {"bool", "bytes", "double", "duration", "dyn", "int", "string", "timestamp", "type", "uint"}
)
_SEARCHES = frozenset({"matches", "find", "findAll"})
_NO_DEVICE = CelDevice("", False, {}, {})

Links = tuple[Select | Call, ...]


class _Use(Enum):
    """What a chain of selections is for; a test is ``has(...)``."""

    VALUE = "value"
    TEST = "test"
    BRANCH_TEST = "test as the branch of a conditional"


_APPLY = {
    _Use.VALUE: attributes.chain,
    _Use.TEST: attributes.presence,
    _Use.BRANCH_TEST: attributes.presence_in_branch,
}


@dataclass(frozen=True, slots=True)
class Code:
    """An evaluator; ``constant`` if it needs no device, then ``value`` is what it gives."""

    evaluate: Evaluator
    constant: bool = False
    value: object = None


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled expression: its evaluator, how many slots it needs, what it may cost."""

    evaluate: Evaluator
    slots: int
    budget: int

    def run(self, device: CelDevice) -> object:
        """Evaluate the expression for a device."""
        return self.evaluate(Frame(device, self.slots, self.budget))


def compile_program(root: Node, checked: Checked) -> Program:
    """
    Compile a checked expression.

    Raises ``CompileError`` for a constant part that cannot be evaluated.
    """
    compiler = _Compiler(checked)
    code = compiler.compile(root)
    return Program(code.evaluate, compiler.slots, COST_LIMIT - weight(root))


def constant(value: object) -> Code:
    """Build the code of a constant."""

    def evaluate(_: Frame) -> object:
        return value

    return Code(evaluate, True, value)


class _Compiler:
    """The state of one compilation: variables in scope and slots given out."""

    def __init__(self, checked: Checked) -> None:
        self._checked = checked
        self._qualifiers: dict[Node, Qualifier] = {}
        self._scopes: list[dict[str, Evaluator]] = [{"device": lambda frame: frame.variable}]
        self.slots = 0

    def compile(self, node: Node) -> Code:
        """Return the code of a node."""
        named = self._checked.type_names.get(node)
        if named is not None:
            return constant(named)
        if isinstance(node, Constant):
            return constant(node.value)
        if isinstance(node, Ident):
            return Code(self._variable(node))
        if isinstance(node, Select):
            return Code(self._chain(node))
        if isinstance(node, Call):
            return self._call(node)
        if isinstance(node, ListLiteral):
            return self._list(node)
        if isinstance(node, MapLiteral):
            return self._map(node)
        return Code(self._comprehension(node))

    def _variable(self, node: Ident) -> Evaluator:
        if self._checked.types[node].kind == "type":
            # cel-go takes a variable that holds a type for the name of a type.
            raise CompileError(f"program instantiation failed: reference to undefined type: {node.name}")
        name = node.name.removeprefix(".")
        for scope in reversed(self._scopes):
            if name in scope:
                return scope[name]
        raise CompileError(f"undeclared reference to '{node.name}'")

    def _slot(self) -> int:
        self.slots += 1
        return self.slots - 1

    def _chain(self, node: Node) -> Evaluator:
        """Compile a selection together with the selections it is made on."""
        if isinstance(node, Select) and node.test_only:
            root, links = self._links(node.operand)
            return self._applied(root, (*links, node), _Use.TEST)
        root, links = self._links(node)
        return self._applied(root, links, _Use.VALUE)

    def _links(self, node: Node) -> tuple[Node, Links]:
        """Take a chain of selections apart: what it starts from, and the links in order."""
        links: list[Select | Call] = []
        while node not in self._checked.type_names:
            if isinstance(node, Select) and not node.test_only:
                links.append(node)
                node = node.operand
            elif isinstance(node, Call) and node.function in INDEXES:
                links.append(node)
                node = node.arguments[0]
            else:
                break
        return node, tuple(reversed(links))

    def _qualifier(self, node: Select | Call) -> Qualifier:
        """Compile a link, once even if it belongs to both branches of a conditional."""
        if node not in self._qualifiers:
            self._qualifiers[node] = self._compiled_qualifier(node)
        return self._qualifiers[node]

    def _compiled_qualifier(self, node: Select | Call) -> Qualifier:
        if isinstance(node, Select):
            return attributes.constant_qualifier(node.field, optional=False)
        optional = node.function != "_[_]"
        key = self.compile(node.arguments[1])
        if key.constant:
            return attributes.constant_qualifier(key.value, optional=optional)
        return Qualifier(None, key.evaluate, optional)

    def _applied(self, root: Node, links: Links, use: _Use) -> Evaluator:
        """Apply the links to a root; those on a conditional belong to both of its branches."""
        if isinstance(root, Call) and root.function == "_?_:_":
            return self._conditional(root, links, use)
        evaluate = self.compile(root).evaluate
        qualifiers = tuple(map(self._qualifier, links))
        if isinstance(root, Ident) and self._is_device(root.name):
            direct = device_field(qualifiers, use is not _Use.VALUE)
            if direct is not None:
                return direct
        if not links:
            return evaluate
        return _APPLY[use](evaluate, qualifiers)

    def _is_device(self, name: str) -> bool:
        return name.removeprefix(".") == "device" and not any("device" in scope for scope in self._scopes[1:])

    def _conditional(self, node: Call, links: Links, use: _Use) -> Evaluator:
        condition, truthy, falsy = node.arguments
        decision = self.compile(condition)
        if use is not _Use.VALUE and decision.constant and type(decision.value) is not bool:
            raise Undecided("cel-go's cost counter underflows on this expression")
        return logic.conditional(
            decision.evaluate, self._branch(truthy, links, use), self._branch(falsy, links, use)
        )

    def _branch(self, node: Node, after: Links, use: _Use) -> Evaluator:
        if isinstance(node, Select) and node.test_only:
            root, links = self._links(node.operand)
            tested = self._applied(root, (*links, node), _Use.BRANCH_TEST)
            return _APPLY[use](tested, tuple(map(self._qualifier, after))) if after else tested
        root, links = self._links(node)
        applied = self._applied(root, (*links, *after), use)
        is_attribute = isinstance(root, Ident) or (isinstance(root, Call) and root.function == "_?_:_")
        return applied if links or after or is_attribute else attributes.converted(applied)

    def _call(self, node: Call) -> Code:
        function, overload = self._checked.functions.get(node, (None, None))
        if node.function == "_?_:_":
            return Code(self._conditional(node, (), _Use.VALUE))
        if node.function in INDEXES:
            return Code(self._chain(node))
        operands = node.arguments
        if node.target is not None and node not in self._checked.global_calls:
            operands = (node.target, *operands)
        codes = [self.compile(operand) for operand in operands]
        evaluators = tuple(code.evaluate for code in codes)
        assert function is not None
        name = function.name
        if name in logic.SPECIAL:
            return Code(logic.SPECIAL[name](evaluators))
        if name in ("_==_", "_!=_"):
            known = codes[1].value if codes[1].constant else logic.NOT_CONSTANT
            return Code(logic.equality(name, evaluators[0], evaluators[1], known))
        if name == "@in" and overload is function.overloads[0] and codes[1].constant:
            return self._membership(codes[0], codes[1].value, calls.call(function, overload, evaluators))
        if name in _SEARCHES and isinstance(codes[1].value, str):
            _check_pattern(codes[1].value)
            evaluators = (calls.type_as_text(evaluators[0]), *evaluators[1:])
        called = calls.call(function, overload, evaluators)
        if name in _CONVERSIONS and codes[0].constant:
            return _folded(called)
        return Code(
            _parsed_once(called) if name == "semver" and all(code.constant for code in codes) else called
        )

    def _membership(self, element: Code, elements: object, otherwise: Evaluator) -> Code:
        assert isinstance(elements, tuple)
        if not elements:
            return constant(False)
        keys = logic.membership_keys(elements)
        return Code(otherwise if keys is None else logic.membership(element.evaluate, keys))

    def _list(self, node: ListLiteral) -> Code:
        codes = [self.compile(element) for element in node.elements]
        evaluate = calls.list_of(tuple(code.evaluate for code in codes), node.optional)
        if all(code.constant for code in codes) and not node.optional:
            return constant(tuple(code.value for code in codes))
        return Code(evaluate)

    def _map(self, node: MapLiteral) -> Code:
        entries = []
        known = True
        for key, value, optional in node.entries:
            key_code, value_code = self.compile(key), self.compile(value)
            entries.append((key_code.evaluate, value_code.evaluate, optional))
            known = known and key_code.constant and value_code.constant and not optional
        evaluate = calls.map_of(tuple(entries))
        return _folded(evaluate) if known else Code(evaluate)

    def _comprehension(self, node: Comprehension) -> Evaluator:
        init = self.compile(node.init).evaluate
        slot = self._slot()
        if node.variable == UNUSED:
            self._scopes.append({node.accumulator: folds.bound_variable(slot, init)})
            self.compile(node.step)
            result = self.compile(node.result).evaluate
            self._scopes.pop()
            return folds.bind(slot, result)
        over = self.compile(node.range).evaluate
        first = self._slot()
        second = self._slot() if node.variable2 else None
        self._scopes.append({node.accumulator: folds.accumulator(slot)})
        result = self.compile(node.result).evaluate
        variables = {node.variable: folds.variable(first)}
        if second is not None:
            variables[node.variable2] = folds.variable(second)
        self._scopes.append(variables)
        condition = self.compile(node.condition)
        step = self.compile(node.step).evaluate
        del self._scopes[-2:]
        return folds.fold(
            folds.FoldParts(
                over,
                first,
                second,
                slot,
                init,
                None if condition.constant and condition.value is True else condition.evaluate,
                step,
                result,
                isinstance(node.init, ListLiteral),
                weight(node.condition) + weight(node.step),
            )
        )


def _check_pattern(pattern: str) -> None:
    try:
        compile_pattern(pattern)
    except ValueError as error:
        raise CompileError(f"program instantiation failed: {error}") from None


def _parsed_once(evaluate: Evaluator) -> Evaluator:
    """Parse a version literal now; one that is no version fails when it is reached."""
    try:
        version = evaluate(Frame(_NO_DEVICE, 0, MAX_INT))
    except EvaluationError:
        return evaluate
    return constant(version).evaluate


def _folded(evaluate: Evaluator) -> Code:
    """Evaluate a constant part now, as Kubernetes does when it compiles."""
    try:
        return constant(evaluate(Frame(_NO_DEVICE, 0, MAX_INT)))
    except EvaluationError as error:
        raise CompileError(f"program instantiation failed: {error}") from None
