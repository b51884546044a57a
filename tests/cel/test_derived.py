"""
Attributes that expressions derive, with what Kubernetes 1.37 makes of them.

Each line of ``tests/data/cel/derived.jsonl`` is one case, asked by ``tests/cel/questions/derived.py`` and
recorded together with the others (``test_cases``): ``name``, ``expression``, ``device``, and either the
``attribute``, as in a ResourceSlice (empty: a list without elements), and its ``cost``, or ``expect``:
``error`` or ``compile-error``.
"""

from __future__ import annotations

import pytest

from extender.cel import AnswerKind, compile_derived, unlimited, unsupported_attribute
from extender.model import Attribute
from tests.cel.golden import DERIVED, DEVICES, SOURCES

DIALECT = SOURCES["1.37"].dialect


@pytest.mark.parametrize("case", DERIVED, ids=[case.name for case in DERIVED])
def test_derived(case):
    """The attribute is the one of Kubernetes, with its type and cost; else there is an error."""
    device = DEVICES[case.device]
    derived = compile_derived(case.expression, DIALECT, unlimited())
    if unsupported_attribute(device.attributes, DIALECT) is not None:
        assert case.expect == "error"
        return
    value = derived.value(device, unlimited())
    if isinstance(case.expect, Attribute):
        assert value == case.expect
        assert derived.program is not None
        assert derived.program.run_exactly(device, unlimited())[1] == case.cost
        return
    assert (derived.program is None) is (case.expect == "compile-error")
    assert not isinstance(value, Attribute)
    assert value.kind is AnswerKind.ERROR
    assert value.message
