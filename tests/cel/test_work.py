"""Work is bounded: whatever an expression does, it ends when the budget does, always after the same units."""

from __future__ import annotations

import inspect
import sys
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extender.cel import (
    Answer,
    AnswerKind,
    OverBudget,
    Work,
    compile_derived,
    compile_selector,
    unlimited,
    unsupported_attribute,
)
from tests.cel.bombs import BOMBS, DEVICE, chain
from tests.cel.golden import CASES, DEVICES, SOURCES
from tests.differential.cel_compare import cel_device
from tests.differential.cel_generate import selector as generated
from tests.quickest import quickest_seconds

DIALECT = SOURCES[""].dialect
SMALL = 20_000
SLOWEST_MICROSECONDS = 25
"""What a unit may take at most where the machine is busy with other things; `calibrate` measures it."""


def compiled(expression, work=None):
    return compile_selector(expression, DIALECT, work or unlimited())


def evaluated(selector, device, limit):
    """The answer and the units it took."""
    work = Work(limit)
    return selector.matches(device, work), work.spent


def test_a_meter_counts_down():
    """What is charged is spent; a charge beyond what is left is refused and leaves nothing."""
    work = Work(10)
    work.charge(4)
    assert (work.limit, work.spent, work.left) == (10, 4, 6)
    work.charge(6)
    assert work.left == 0
    with pytest.raises(OverBudget, match="budget of 10 units"):
        work.charge(1)
    half = Work(10)
    with pytest.raises(OverBudget):
        half.charge(11)
    assert (half.spent, half.left) == (10, 0)


@pytest.mark.parametrize("name", BOMBS)
def test_the_budget_ends_an_evaluation(name):
    """No expression works for longer than its budget, when it is compiled or when it is evaluated."""
    work = Work(SMALL)
    refused = compiled(BOMBS[name], work)
    assert work.spent <= SMALL
    most = SMALL * SLOWEST_MICROSECONDS / 1e6
    assert quickest_seconds(lambda: compiled(BOMBS[name], Work(SMALL))) < most
    selector = compiled(BOMBS[name], Work(1_000_000))
    is_over = refused.fixed is not None and refused.fixed.kind is AnswerKind.OVER_BUDGET
    assert is_over is (selector.units > SMALL)
    answer, units = evaluated(selector, DEVICE, SMALL)
    assert quickest_seconds(lambda: evaluated(selector, DEVICE, SMALL)) < most
    assert units <= SMALL
    assert "defect" not in answer.message


def test_most_bombs_go_off():
    """Without a budget they would take long: most of them use up a hundred milliseconds."""
    over = [
        name
        for name, expression in BOMBS.items()
        if evaluated(compiled(expression), DEVICE, 100_000)[0].kind is AnswerKind.OVER_BUDGET
        or compiled(expression, Work(100_000)).program is None
    ]
    assert len(over) > len(BOMBS) // 2


MEASURED = [case for case in CASES if case.cost is not None]


@pytest.mark.parametrize("case", MEASURED[::4], ids=[case.name for case in MEASURED[::4]])
def test_exactly_the_units_charged_are_needed(case):
    """With as many units as were charged the answer is the same, with one less there is none."""
    device = DEVICES[case.device]
    if unsupported_attribute(device.attributes, case.source.dialect) is not None:
        return
    work = unlimited()
    selector = compile_selector(case.expression, case.source.dialect, work)
    assert selector.units == work.spent
    again = compile_selector(case.expression, case.source.dialect, Work(selector.units))
    assert again.program is not None
    short = compile_selector(case.expression, case.source.dialect, Work(selector.units - 1))
    assert short.fixed is not None
    assert short.fixed.kind is AnswerKind.OVER_BUDGET
    answer, units = evaluated(selector, device, sys.maxsize)
    assert evaluated(again, device, units) == (answer, units)
    assert evaluated(selector, device, units - 1)[0].kind is AnswerKind.OVER_BUDGET


def test_units_do_not_depend_on_what_was_evaluated_before():
    """A cache of patterns, versions or quantities does not show: first and later uses are charged alike."""
    expression = (
        "lists.range(3).all(x, 'a'.matches('b{7}' + string(x)) == false"
        " && semver('7.7.' + string(x)).patch() == x && quantity('77' + string(x) + 'Ki').isInteger())"
    )
    first = evaluated(compiled(expression), DEVICE, 100_000)
    others = [evaluated(compiled(text), DEVICE, 100_000) for text in list(BOMBS.values())[:5]]
    assert evaluated(compiled(expression), DEVICE, 100_000) == first
    assert [evaluated(compiled(text), DEVICE, 100_000) for text in list(BOMBS.values())[:5]] == others


def test_the_exact_count_is_charged_on_every_use():
    """The closures that count Kubernetes' cost are made once, and charged each time."""
    selector = compiled(BOMBS["nested ranges up to the cost limit"])
    first, second = (evaluated(selector, DEVICE, sys.maxsize) for _ in range(2))
    assert first == second
    assert first[0].kind is AnswerKind.ERROR


@pytest.mark.parametrize(
    "expression",
    [
        "lists.range({n}).map(x, x).size() > 0",
        "lists.range({n}).filter(x, true).size() > 0",
        "lists.range({n}).transformList(i, x, x).size() > 0",
        "lists.range({n}).transformMap(i, x, x).size() > 0",
        "lists.range({n}).transformMapEntry(i, x, {x: i}).size() > 0",
        "lists.range({n}).sum() > 0",
        "lists.range({n}).reverse().size() > 0",
        "(lists.range({n}) + lists.range({n})).size() > 0",
        "-1 in lists.range({n}) || true",
        "lists.range({n}) == lists.range({n})",
        "lists.range({n}).map(x, 'ab').join(',').size() > 0",
        "[lists.range({n})].flatten().size() > 0",
    ],
)
def test_lists_take_linear_work_and_time(expression):
    """Twice the elements, twice the units; and the time stays with them."""

    def taken(count):
        selector = compiled(expression.replace("{n}", str(count)))
        answer, units = evaluated(selector, DEVICE, sys.maxsize)
        assert answer.kind is AnswerKind.MATCH
        return units, quickest_seconds(lambda: evaluated(selector, DEVICE, sys.maxsize))

    (few, _), (many, seconds) = taken(6000), taken(12000)
    assert few < many < 2.1 * few
    assert seconds < many * SLOWEST_MICROSECONDS / 1e6


@pytest.mark.parametrize(
    "name",
    [
        "lists doubled",
        "texts doubled by format",
        "texts of any type doubled",
        "bytes in hex",
        "lists of the same list flattened",
        "lists of the same list as text",
        "long range",
        "split",
        "map",
        "replace",
    ],
)
def test_memory_is_work(name):
    """An evaluation holds at most some 300 bytes for each unit of its budget."""
    selector = compiled(BOMBS[name])
    budget = 50_000
    tracemalloc.start()
    try:
        evaluated(selector, DEVICE, budget)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 300 * budget


@pytest.mark.parametrize(
    "last", ["dyn([dyn('a'), dyn({v})]).join()", "dyn([dyn(optional.of(1)), dyn({v})]).unwrapOpt().size()"]
)
def test_messages_stay_short(last):
    """An error does not show a list that holds another one a million times."""
    nested = chain("[1, 1]", "[{v}, {v}]", f"{last} == dyn(1)", 25)
    answer, units = evaluated(compiled(nested), DEVICE, 100_000)
    assert answer.kind is AnswerKind.ERROR
    assert "list" in answer.message
    assert units < 1000
    long = compiled("{'a': true}[lists.range(5000).map(x, 'long').join()]").matches(DEVICE, unlimited())
    assert len(long.message) == 2000


def test_derived_attributes_are_charged():
    """An expression that derives an attribute has the same budget."""
    dialect = SOURCES["1.37"].dialect
    work = Work(1000)
    derived = compile_derived("lists.range(1000).map(x, x)", dialect, work)
    assert derived.units == work.spent
    value = derived.value(DEVICE, Work(1000))
    assert isinstance(value, Answer)
    assert value.kind is AnswerKind.OVER_BUDGET
    assert compile_derived("1 + 1", dialect, Work(10)).fixed == (
        AnswerKind.OVER_BUDGET,
        "the budget of 10 units of work is used up",
    )


def test_a_used_up_meter_stays_used_up():
    """Whatever comes later in the request is over its budget, however small it is."""
    selector = compiled("lists.range(1000).size() > 0")
    work = Work(100)
    assert selector.matches(DEVICE, work).kind is AnswerKind.OVER_BUDGET
    assert compiled("true").matches(DEVICE, work).kind is AnswerKind.OVER_BUDGET


@given(seed=st.integers(0, 10_000_000), limit=st.integers(0, 3000))
def test_any_budget(seed, limit):
    """With any budget an expression gets the answer that it gets without one, or it is over the budget."""
    chosen = generated(seed, list_attributes=False)
    device = cel_device(chosen)
    work = Work(limit)
    selector = compile_selector(chosen.text, DIALECT, work)
    assert work.spent <= limit
    answer = selector.matches(device, work)
    assert work.spent <= limit
    if answer.kind is not AnswerKind.OVER_BUDGET:
        assert answer == compile_selector(chosen.text, DIALECT, unlimited()).matches(device, unlimited())


def test_the_stack_stays_small():
    """Compiling and evaluating take at most some 450 frames: callers may be as deep in Python's 1000."""
    deepest = ["1 + " * 90 + "1 > 0", "[" * 38 + "1" + "]" * 38 + " == " + "[" * 38 + "2" + "]" * 38]
    deepest += ["[1].all(x, " * 24 + "true" + ")" * 24, "cel.bind(x, " * 38 + "true" + ", x)" * 38]
    deepest.append("'%s'.format([dyn(" + "[" * 34 + "1" + "]" * 34 + ")]) != ''")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 450)
    try:
        answers = []
        for expression in deepest:
            selector = compiled(expression)
            answers.append(selector.matches(DEVICE, unlimited()))
            if selector.program is not None:
                selector.program.run_exactly(DEVICE, unlimited())
    finally:
        sys.setrecursionlimit(limit)
    assert [answer.kind for answer in answers] == [
        AnswerKind.MATCH,
        AnswerKind.NO_MATCH,
        AnswerKind.MATCH,
        AnswerKind.MATCH,
        AnswerKind.MATCH,
    ]
