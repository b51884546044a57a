"""
Expressions and devices with what Kubernetes answers.

Each line of ``tests/data/cel/cases.jsonl`` is one case: ``name``, ``expression``, ``device`` (a key of
``devices.json``), ``expect`` and two optional fields. ``expect`` is the answer of
k8s.io/dynamic-resource-allocation cel v0.36.2 with ConsumableCapacity on: ``match``, ``no-match``,
``error`` (when evaluated) or ``compile-error``; a list of them where the answer depends on the random
order of a Go map, so that we must say that it is unknown. ``dialect`` is ``list-attributes`` where that
package ran with ListTypeAttributes on. ``unknown`` is true where we do not follow Kubernetes and must say so.

``devices.json`` maps names to ``driver``, ``allowMultipleAllocations``, ``attributes`` and ``capacity``,
written as in a ResourceSlice with fully qualified names.

The names tell the origin: ``libraries-`` are the expressions on which CEL libraries were compared,
``claims-`` and ``slices-`` those of published examples, ``recording-`` those of a recorded cluster,
``own-`` are one per function and pitfall, ``list-attributes-`` and ``unsupported-`` what they say.
"""

from __future__ import annotations

import pytest

from extender.cel import VerdictKind, compile_selector, unsupported_attribute
from tests.cel.golden import CASES, DEVICES, Case


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_case(case: Case):
    """The verdict is the one of Kubernetes, or UNKNOWN where the case says so."""
    device = DEVICES[case.device]
    selector = compile_selector(case.expression, case.dialect)
    unsupported = unsupported_attribute(device.attributes, case.dialect)
    verdict = selector.matches(device)
    if case.unknown:
        assert verdict.kind is VerdictKind.UNKNOWN
        assert verdict.message
        return
    (expect,) = case.expect
    assert (selector.program is None) is (expect == "compile-error")
    if unsupported is not None and selector.program is not None:
        assert expect == "error"
        return
    expected = "error" if expect == "compile-error" else expect
    assert verdict.kind.value == expected, verdict.message
    assert bool(verdict.message) is (verdict.kind is VerdictKind.ERROR)


def test_names_are_unique():
    """A case can be named, and only one has that name."""
    assert len({case.name for case in CASES}) == len(CASES)
