"""No expression and no device makes the evaluator raise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extender.cel import AnswerKind, CelDevice, Dialect, compile_selector, unlimited
from tests.cel.golden import CASES, DEVICES
from tests.quickest import quickest_seconds

DIALECT = Dialect()
DEFECT = "defect in the evaluator"
TOKENS = [
    *("device", "device.attributes['a']", ".b", ".?b", "[?'b']", "['b']", "driver", "x", "."),
    *("(", ")", "[", "]", "{", "}", ",", ":", "?", "!", "-", "+", "*", "/", "%", "\\", "`", "\n"),
    *("==", "!=", "<", ">", "&&", "||", "in", "true", "false", "null", "1", "2u", "1.5", "'x'", "b'x'"),
    *("r'('", "has(", "size(", ".exists(x,", ".map(x,", ".optMap(x,", ".all(x, y,", "cel.bind(x,"),
    *("dyn(", "int(", "type(", "semver('1.2.3')", "quantity('1Gi')", ".orValue(", ".value()"),
    *(".matches(", ".format(", "optional.of("),
]


def answer_of(expression: str):
    return compile_selector(expression, DIALECT, unlimited()).matches(DEVICES["made/probe"], unlimited())


@given(st.text())
def test_any_text(expression):
    """Any text gets an answer, and none shows a defect of ours."""
    assert DEFECT not in answer_of(expression).message


@given(st.lists(st.sampled_from(TOKENS), max_size=25).map(" ".join))
def test_any_tokens(expression):
    """Any sequence of CEL's tokens gets an answer, and none shows a defect of ours."""
    assert DEFECT not in answer_of(expression).message


@given(st.sampled_from(CASES), st.sampled_from(sorted(DEVICES)))
def test_any_device(case, name):
    """Any expression gets an answer on any device, even one with attributes it should not see."""
    answer = compile_selector(case.expression, DIALECT, unlimited()).matches(DEVICES[name], unlimited())
    assert answer.kind in AnswerKind


@pytest.mark.parametrize("depth", [39, 41, 60, 250, 1000, 5000])
@pytest.mark.parametrize(
    ("opening", "inner", "closing"),
    [
        ("(", "true", ")"),
        ("[", "1", "]"),
        ("{1:", "1", "}"),
        ("size(", "'a'", ")"),
        ("!", "true", ""),
        ("-", "1", ""),
        ("true ? true : ", "true", ""),
        ("", "device", ".a"),
        ("1 + ", "1", ""),
        ("true && ", "true", ""),
        ("[1].all(x, ", "true", ")"),
        ("", "optional.of(1)", ".optMap(x, x)"),
        ("cel.bind(x, 1, ", "true", ")"),
    ],
)
def test_deep_nesting(opening, inner, closing, depth):
    """Depth is refused with a reason, it does not exhaust the stack."""
    answer = answer_of(opening * depth + inner + closing * depth)
    assert DEFECT not in answer.message
    assert answer.message or answer.kind in (AnswerKind.MATCH, AnswerKind.NO_MATCH)


def test_brackets_beyond_the_limit_of_kubernetes_are_an_error():
    """Kubernetes itself rejects more than 250 nested brackets."""
    assert answer_of("(" * 251 + "true" + ")" * 251).kind is AnswerKind.ERROR


@pytest.mark.parametrize(
    "expression",
    [
        "lists.range(1000).all(x, lists.range(1000).all(y, true))",
        "lists.range(2000).distinct().size() > 1",
        "lists.range(300).map(x, lists.range(300)).flatten().sort().size() > 1",
    ],
)
def test_costly_expressions_are_errors(expression):
    """Kubernetes stops at its cost limit, and so do we: at the same cost, so with bounded work."""
    assert answer_of(expression) == (
        AnswerKind.ERROR,
        "operation cancelled: actual cost limit exceeded",
    )


def test_costs_that_depend_on_the_order_of_a_map_are_unknown():
    """Near the limit it is random upstream whether an iteration ends before the limit is reached."""
    near = "lists.range(706).sort().size() > 1 && "
    few = "lists.range(98).all(x, device.attributes['gpu.nvidia.com'].exists(k, k == '{}'))"
    assert answer_of(f"{near}!{few.format('none')}").kind is AnswerKind.MATCH
    for key in DEVICES["made/probe"].attributes:
        answer = answer_of(near + few.format(key.partition("/")[2]))
        assert answer.kind is AnswerKind.UNKNOWN
        assert "order in which a map is iterated" in answer.message


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("lists.range(1000000000).size() > 1", "memory"),
        (f"'{'a' * 16}'" + f".replace('a', '{'a' * 16}')" * 4 + ".size() > 1", "cost limit"),
    ],
)
def test_large_values_are_unknown(expression, reason):
    """What costs little by Kubernetes' count and much memory in fact is not built."""
    answer = answer_of(expression)
    assert answer.kind is AnswerKind.UNKNOWN
    assert reason in answer.message


@pytest.mark.parametrize(
    "expression",
    [
        "lists.range(20000).map(x, x).size() == 20000",
        "lists.range(20000).filter(x, x > 1).size() == 19998",
        "lists.range(20000).transformList(i, x, x).size() == 20000",
        "lists.range(20000).transformMap(i, x, x).size() == 20000",
        "cel.bind(a, lists.range(50000), lists.range(4000).all(x, a.exists(y, true)))",
        "lists.range(600).distinct().size() == 600",
        "sets.equivalent(lists.range(500), lists.range(500).reverse())",
    ],
)
def test_lists_take_linear_time(expression):
    """Growing a list or a map does not copy it each time, and what is left early is not begun."""
    assert answer_of(expression).kind is AnswerKind.MATCH
    assert quickest_seconds(lambda: answer_of(expression)) < 4


@pytest.mark.parametrize(
    "last", ["dyn([dyn('a'), dyn({v})]).join()", "dyn([dyn(optional.of(1)), dyn({v})]).unwrapOpt().size()"]
)
def test_messages_stay_short(last):
    """An error does not show a list that holds another one a million times, nor all of a long text."""
    binds = "".join(f"cel.bind(v{index}, [v{index - 1}, v{index - 1}], " for index in range(1, 26))
    nested = f"cel.bind(v0, [1], {binds}{last.replace('{v}', 'v25')} == dyn(1){')' * 26}"
    answer = answer_of(nested)
    assert answer.kind is AnswerKind.ERROR
    assert "list" in answer.message
    long = answer_of("{'a': true}[lists.range(5000).map(x, 'long').join()]")
    assert len(long.message) == 2000


def test_types_that_double_in_size_are_unknown():
    """Each map has the type of the last one twice; 30 of them would take a thousand million steps."""
    values = ["[1]", *(f"{{v{index}: v{index}}}" for index in range(30))]
    binds = "".join(f"cel.bind(v{index}, {value}, " for index, value in enumerate(values))
    answer = answer_of(binds + "true" + ")" * len(values))
    assert answer == (AnswerKind.UNKNOWN, "the types of the expression are too large")


def test_a_defect_is_unknown():
    """A device that breaks the contract of ``matches`` is not the caller's trouble."""

    class Broken(dict):
        def get(self, key, default=None):
            raise RuntimeError("broken")

    selector = compile_selector("device.attributes['a'].b == 1", DIALECT, unlimited())
    answer = selector.matches(CelDevice("a", False, Broken(), {}), unlimited())
    assert answer.kind is AnswerKind.UNKNOWN
    assert DEFECT in answer.message
