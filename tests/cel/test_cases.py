"""
Expressions and devices with what Kubernetes answers.

Each line of ``tests/data/cel/cases.jsonl`` is one case: ``name``, ``expression``, ``device`` (a key of
``devices.json``), ``expect`` and optional fields.

* ``expect``: the answer of k8s.io/dynamic-resource-allocation cel v0.36.2 with ConsumableCapacity on:
  ``match``, ``no-match``, ``error`` (when evaluated) or ``compile-error``; a list of them where the
  answer depends on the random order of a Go map, so that we must say that it is unknown.
* ``cost``: what the evaluation cost in Kubernetes' units, also where it ended with an error; absent where
  it went beyond the limit or depends on the order of a map.
* ``value``: what the error shows, where the expression looks a text up as a key.
* ``dialect``: ``list-attributes`` where that package ran with ListTypeAttributes on; ``1.35`` or ``1.37``
  where that release answered.
* ``unknown``: true where we do not follow Kubernetes and must say so.

``devices.json`` maps names to ``driver``, ``allowMultipleAllocations``, ``attributes`` and ``capacity``,
written as in a ResourceSlice with fully qualified names.

The names tell the origin: ``libraries-`` are the expressions on which CEL libraries were compared,
``claims-`` and ``slices-`` those of published examples, ``recording-`` those of a recorded cluster,
``own-`` are one per function and pitfall, ``list-attributes-`` and ``unsupported-`` what they say. The
others are asked by the modules of ``tests/cel/questions``: ``limit-`` on both sides of the cost limit,
``times-``, ``durations-``, ``text-``, ``formats-``, ``urls-``, ``quantities-`` and ``lists-``.

After a change of the questions, ``make oracle`` and ``python -m tests.cel.record`` (about three minutes)
record all answers again; ``tests/oracle`` checks that they still are those of Kubernetes.
"""

from __future__ import annotations

import pytest

from extender.cel import AnswerKind, compile_selector, unlimited, unsupported_attribute
from tests.cel.golden import CASES, DEVICES


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_case(case):
    """The answer is the one of Kubernetes, or UNKNOWN where the case says so."""
    device = DEVICES[case.device]
    selector = compile_selector(case.expression, case.source.dialect, unlimited())
    unsupported = unsupported_attribute(device.attributes, case.source.dialect)
    answer = selector.matches(device, unlimited())
    if case.unknown:
        assert answer.kind is AnswerKind.UNKNOWN
        assert answer.message
        return
    (expect,) = case.expect
    assert (selector.program is None) is (expect == "compile-error")
    if unsupported is not None and selector.program is not None:
        assert expect == "error"
        return
    expected = "error" if expect == "compile-error" else expect
    assert answer.kind.value == expected, answer.message
    assert bool(answer.message) is (answer.kind is AnswerKind.ERROR)
    if case.value is not None:
        assert answer.message == f"no such key: {case.value}|"


METERED = [case for case in CASES if case.cost is not None and not case.unknown]


@pytest.mark.parametrize("case", METERED, ids=[case.name for case in METERED])
def test_cost(case):
    """Counted step by step, an evaluation costs what it costs Kubernetes."""
    device = DEVICES[case.device]
    if unsupported_attribute(device.attributes, case.source.dialect) is not None:
        return
    program = compile_selector(case.expression, case.source.dialect, unlimited()).program
    assert program is not None
    _, cost = program.run_exactly(device, unlimited())
    assert cost == case.cost


def test_names_are_unique():
    """A case can be named, and only one has that name."""
    assert len({case.name for case in CASES}) == len(CASES)
