"""
Turn a checked syntax tree into closures.

Source: github.com/google/cel-go interpreter/planner.go, interpretable.go and
decorators.go, v0.26, with the optimisations that Kubernetes turns on.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ..checking.checker import Checked
from ..checking.declarations import Function, Overload
from ..dialect import Dialect
from ..errors import CompileError, EvaluationError
from ..syntax.tree import (
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
    uses,
)
from ..values.regular_expressions import constant_pattern
from ..values.runtime_types import equal
from ..values.values import MAX_INT
from ..work import Work
from . import aggregates, attributes, calls, folds, logic
from .attributes import Evaluator, Qualifier, Selections
from .bounds import COST_LIMIT, LIST_COST, MAP_COST, Bounds
from .calls import OnError, Run
from .device_fields import device_field
from .frame import CelDevice, Frame
from .metering import MeteredSelections, charged, metered_call, refunded

_CONVERSIONS = frozenset(
    {"bool", "bytes", "double", "duration", "dyn", "int", "string", "timestamp", "type", "uint"}
)
_SEARCHES = frozenset({"matches", "find", "findAll"})
_NO_DEVICE = CelDevice("", False, {}, {})
_NODE_UNITS = 8
"""The work of compiling a node."""

Links = tuple[Select | Call, ...]


class _Use(Enum):
    """What a chain of selections is for; a test is ``has(...)``."""

    VALUE = "value"
    TEST = "test"
    BRANCH_TEST = "test as the branch of a conditional"


@dataclass(frozen=True, slots=True)
class Code:
    """An evaluator; ``constant`` if it needs no device, then ``value`` is what it gives."""

    evaluate: Evaluator
    constant: bool = False
    value: object = None


def compile_tree(
    root: Node, checked: Checked, dialect: Dialect, bounds: Bounds, work: Work, *, metered: bool
) -> tuple[Evaluator, int]:
    """
    Compile a checked expression; returns its evaluator and how many slots a frame of it needs.

    ``metered``: evaluating takes from the frame's budget what cel-go counts, else what depends on
    the values, or more. Raises ``CompileError`` for a constant part that cannot be evaluated.
    """
    work.charge(_NODE_UNITS * root.size)
    compiler = _Compiler(checked, dialect, bounds, work, metered=metered)
    return compiler.compile(root).evaluate, compiler.slots


def step_units(steps: int, *, metered: bool) -> int:
    """Return the work that so many steps take."""
    return steps + 1 if metered else (steps * 2) // 5 + 1


def constant(value: object) -> Code:
    """Build the code of a constant."""

    def evaluate(_: Frame) -> object:
        return value

    return Code(evaluate, True, value)


class _Compiler:
    """The state of one compilation: variables in scope and slots given out."""

    def __init__(
        self, checked: Checked, dialect: Dialect, bounds: Bounds, work: Work, *, metered: bool
    ) -> None:
        self._checked = checked
        self._bounds = bounds
        self._work = work
        self._metered = metered
        self._stops_free = dialect.cel_go_033
        selections = MeteredSelections if metered else Selections
        self._selections = selections(converts=not dialect.cel_go_029, charges_failed=self._stops_free)
        self._special = logic.SPECIAL_029 if dialect.cel_go_029 else logic.SPECIAL
        self._apply = {
            _Use.VALUE: self._selections.chain,
            _Use.TEST: self._selections.presence,
            _Use.BRANCH_TEST: self._selections.presence_in_branch,
        }
        self._qualifiers: dict[Node, Qualifier] = {}
        self._scopes: list[dict[str, Evaluator]] = [{"device": lambda frame: frame.variable}]
        self.slots = 0

    def compile(self, node: Node) -> Code:
        """Return the code of a node."""
        named = self._checked.constants.get(node)
        if named is not None:
            return constant(named.value)
        if isinstance(node, Constant):
            return constant(node.value)
        if isinstance(node, Ident | Select):
            return Code(self._chain(node))
        if isinstance(node, Call):
            return self._call(node)
        if isinstance(node, ListLiteral):
            return self._list(node)
        if isinstance(node, MapLiteral):
            return self._map(node)
        assert isinstance(node, Comprehension)
        return Code(self._comprehension(node))

    def _variable(self, node: Ident) -> Evaluator:
        if self._checked.types[node].kind == "type":
            # cel-go takes a variable that holds a type for the name of a type.
            raise CompileError(f"program instantiation failed: reference to undefined type: {node.name}")
        if node in self._checked.global_names:
            return self._scopes[0][node.name.removeprefix(".")]
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
            tested = self._applied(root, (*links, node), _Use.TEST)
            refunds = self._metered and _is_conditional(root) and not self._stops_free
            return refunded(tested) if refunds else tested
        root, links = self._links(node)
        selected = self._applied(root, links, _Use.VALUE)
        return charged(selected, 1) if self._metered and not _is_conditional(root) else selected

    def _attribute(self, node: Node) -> Evaluator:
        """Compile a selection, a variable or a conditional where cel-go does not count it itself."""
        if isinstance(node, Select) and node.test_only:
            root, links = self._links(node.operand)
            return self._applied(root, (*links, node), _Use.BRANCH_TEST)
        return self._applied(*self._links(node), _Use.VALUE)

    def _links(self, node: Node) -> tuple[Node, Links]:
        """Take a chain of selections apart: what it starts from, and the links in order."""
        links: list[Select | Call] = []
        while node not in self._checked.constants:
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
        key = node.arguments[1]
        if self._is_attribute(key):
            return Qualifier(None, self._attribute(key), optional)
        code = self.compile(key)
        if code.constant:
            return attributes.constant_qualifier(code.value, optional=optional)
        return Qualifier(None, code.evaluate, optional)

    def _is_attribute(self, node: Node) -> bool:
        if node in self._checked.constants:
            return False
        return isinstance(node, Ident | Select) or (
            isinstance(node, Call) and (node.function in INDEXES or _is_conditional(node))
        )

    def _applied(self, root: Node, links: Links, use: _Use) -> Evaluator:
        """Apply the links to a root; those on a conditional belong to both of its branches."""
        if isinstance(root, Call) and _is_conditional(root):
            return self._conditional(root, links, use)
        named = isinstance(root, Ident) and root not in self._checked.constants
        evaluate = self._variable(root) if isinstance(root, Ident) and named else self.compile(root).evaluate
        qualifiers = tuple(map(self._qualifier, links))
        if isinstance(root, Ident) and not self._metered and self._is_device(root):
            direct = device_field(qualifiers, use is not _Use.VALUE)
            if direct is not None:
                return direct
        if not links:
            return evaluate
        return self._apply[use](evaluate, qualifiers)

    def _is_device(self, node: Ident) -> bool:
        if node.name.removeprefix(".") != "device":
            return False
        return node in self._checked.global_names or not any("device" in scope for scope in self._scopes[1:])

    def _conditional(self, node: Call, links: Links, use: _Use) -> Evaluator:
        condition, truthy, falsy = node.arguments
        decision = self.compile(condition)
        if use is not _Use.VALUE and decision.constant and type(decision.value) is not bool:
            # Such a test may take back more than has been charged before.
            return charged(decision.evaluate, 0 if self._metered else COST_LIMIT)
        return logic.conditional(
            decision.evaluate, self._branch(truthy, links, use), self._branch(falsy, links, use)
        )

    def _branch(self, node: Node, after: Links, use: _Use) -> Evaluator:
        if isinstance(node, Select) and node.test_only:
            tested = self._attribute(node)
            return self._apply[use](tested, tuple(map(self._qualifier, after))) if after else tested
        root, links = self._links(node)
        applied = self._applied(root, (*links, *after), use)
        named = isinstance(root, Ident) or _is_conditional(root)
        return applied if links or after or named else self._selections.converted(applied)

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
        if name in self._special:
            special = self._special[name](evaluators)
            return Code(charged(special, 1) if self._metered and name == "@not_strictly_false" else special)
        if name == "@in" and overload is function.overloads[0] and codes[1].constant:
            return self._membership(codes[0], codes[1].value, self._called(function, overload, codes))
        if name in _SEARCHES and isinstance(codes[1].value, str):
            codes[1] = _with_pattern(codes[1].value, self._work)
        called = self._called(function, overload, codes)
        if name in _CONVERSIONS and codes[0].constant:
            return self._folded(called)
        parses = name == "semver" and not self._metered and all(code.constant for code in codes)
        return Code(self._parsed_once(called) if parses else called)

    def _called(self, function: Function, overload: Overload | None, codes: list[Code]) -> Evaluator:
        operands = tuple(code.evaluate for code in codes)
        name = function.name
        by_constant = name in _SEARCHES and isinstance(codes[1].value, str)
        if self._metered:
            run = _RUN.get(name) or calls.dispatch(function, overload)
            run = calls.reading_types_as_text(run) if by_constant else run
            on_error = OnError.STOPS_FREE if self._stops_free else OnError.STOPS
            if not by_constant:
                on_error = calls.on_error_of(function, overload, len(operands), stops_free=self._stops_free)
            return metered_call(name, run, operands, function.cost_of(overload), on_error)
        if name in ("_==_", "_!=_"):
            right = codes[1].value if codes[1].constant else logic.NOT_CONSTANT
            return logic.equality(name, operands, right, stops=self._stops_free)
        if by_constant:
            operands = (calls.type_as_text(operands[0]), *operands[1:])
        return calls.call(function, overload, operands, stops_free=self._stops_free)

    def _membership(self, element: Code, elements: object, otherwise: Evaluator) -> Code:
        assert isinstance(elements, tuple)
        if not elements:
            return constant(False)
        keys = logic.membership_keys(elements)
        return Code(otherwise if keys is None else logic.membership(element.evaluate, keys))

    def _list(self, node: ListLiteral) -> Code:
        codes = [self.compile(element) for element in node.elements]
        if all(code.constant for code in codes) and not node.optional:
            return constant(tuple(code.value for code in codes))
        evaluate = aggregates.list_of(tuple(code.evaluate for code in codes), node.optional)
        failing = not self._stops_free
        return Code(charged(evaluate, LIST_COST, failing=failing) if self._metered else evaluate)

    def _map(self, node: MapLiteral) -> Code:
        entries = []
        all_constant = True
        for key, value, optional in node.entries:
            key_code, value_code = self.compile(key), self.compile(value)
            entries.append((key_code.evaluate, value_code.evaluate, optional))
            all_constant = all_constant and key_code.constant and value_code.constant and not optional
        evaluate = aggregates.map_of(tuple(entries))
        if all_constant:
            return self._folded(evaluate)
        failing = not self._stops_free
        return Code(charged(evaluate, MAP_COST, failing=failing) if self._metered else evaluate)

    def _comprehension(self, node: Comprehension) -> Evaluator:
        init = self.compile(node.init).evaluate
        slot = self._slot()
        if node.variable == UNUSED:
            # An empty list bound to a variable grows in place, which one use cannot show.
            self._work.charge(node.size >> 1)
            growing = uses(node.result, node.accumulator) > 1
            bound = self._selections.converted(folds.bound_variable(slot, init, growing=growing))
            self._scopes.append({node.accumulator: bound})
            self.compile(node.step)
            result = self.compile(node.result).evaluate
            self._scopes.pop()
            return folds.bind(slot, result)
        iter_range = self.compile(node.range).evaluate
        first = self._slot()
        second = self._slot() if node.variable2 else None
        self._scopes.append({node.accumulator: folds.accumulator(slot)})
        result = self.compile(node.result).evaluate
        variables = {node.variable: self._selections.converted(folds.variable(first))}
        if second is not None:
            variables[node.variable2] = self._selections.converted(folds.variable(second))
        self._scopes.append(variables)
        condition = self.compile(node.condition)
        step = self.compile(node.step).evaluate
        del self._scopes[-2:]
        bounds = (self._bounds.of(node.condition), self._bounds.of(node.step))
        return folds.fold(
            folds.FoldParts(
                iter_range,
                first,
                second,
                slot,
                init,
                None if condition.constant and condition.value is True else condition.evaluate,
                step,
                result,
                folds.collects_of(node.init),
                None if self._metered else sum(bound.cost for bound in bounds),
                step_units(sum(bound.steps for bound in bounds), metered=self._metered) + 1,
                self._stops_free,
            )
        )

    def _folded(self, evaluate: Evaluator) -> Code:
        """Evaluate a constant part now, as Kubernetes does when it compiles."""
        try:
            return constant(evaluate(Frame(_NO_DEVICE, 0, MAX_INT, self._work)))
        except EvaluationError as error:
            raise CompileError(f"program instantiation failed: {error}") from None

    def _parsed_once(self, evaluate: Evaluator) -> Evaluator:
        """Parse a version literal now; one that is no version fails when it is reached."""
        try:
            version = evaluate(Frame(_NO_DEVICE, 0, MAX_INT, self._work))
        except EvaluationError:
            return evaluate
        return constant(version).evaluate


_RUN: dict[str, Run] = {
    "_==_": lambda work, left, right: equal(left, right, work),
    "_!=_": lambda work, left, right: logic.unequal(left, right, work),
}


def _is_conditional(node: Node) -> bool:
    return isinstance(node, Call) and node.function == "_?_:_"


def _with_pattern(pattern: str, work: Work) -> Code:
    """Compile a constant pattern together with the expression."""
    try:
        return constant(constant_pattern(pattern, work))
    except ValueError as error:
        raise CompileError(f"program instantiation failed: {error}") from None
