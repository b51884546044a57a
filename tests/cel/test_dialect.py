"""The switches between Kubernetes minors."""

from __future__ import annotations

import pytest

from extender.cel import AnswerKind, CelDevice, Dialect, compile_selector, unsupported_attribute
from extender.model import Attribute, AttributeKind

OFF = Dialect()
ON = Dialect(list_attributes=True)
STRINGS = Attribute(AttributeKind.STRINGS, ("a", "b"))


@pytest.mark.parametrize(
    ("attribute", "dialect", "unsupported"),
    [
        (Attribute(AttributeKind.STRING, "1.0"), OFF, False),
        (Attribute(AttributeKind.VERSION, "1.0.0"), OFF, False),
        (Attribute(AttributeKind.VERSION, "1.0"), OFF, True),
        (Attribute(AttributeKind.VERSION, "v1.0.0"), ON, True),
        (Attribute(AttributeKind.UNKNOWN, None), ON, True),
        (STRINGS, OFF, True),
        (STRINGS, ON, False),
        (Attribute(AttributeKind.VERSIONS, ("1.0.0", "2")), ON, True),
        (Attribute(AttributeKind.VERSIONS, ("1.0.0", "2.0.0")), ON, False),
    ],
)
def test_unsupported_attribute(attribute, dialect, unsupported):
    """An attribute that upstream cannot convert is named, any other is not."""
    found = unsupported_attribute({"a/fine": Attribute(AttributeKind.INT, 1), "a/b": attribute}, dialect)
    assert found == ("a/b" if unsupported else None)


@pytest.mark.parametrize(
    ("expression", "dialect", "kind"),
    [
        ("device.attributes['a'].b.includes('a')", ON, AnswerKind.MATCH),
        ("device.attributes['a'].b.includes('a')", Dialect(includes=False), AnswerKind.ERROR),
        ("device.attributes['a'].b.exists(x, x == 'a')", ON, AnswerKind.ERROR),
        (
            "device.attributes['a'].b.exists(x, x == 'a')",
            Dialect(list_attributes=True, iterate_attribute_value=True),
            AnswerKind.MATCH,
        ),
        ("dyn(device.attributes['a'].b.size() == 2)", ON, AnswerKind.ERROR),
        ("dyn(true)", Dialect(dyn_result=True), AnswerKind.MATCH),
        ("lists.range(60).includes(59)", OFF, AnswerKind.ERROR),
        ("lists.range(60).includes(47)", OFF, AnswerKind.MATCH),
        ("lists.range(60).includes(59)", Dialect(includes_limit=None), AnswerKind.MATCH),
    ],
)
def test_switch(expression, dialect, kind):
    """Each switch changes exactly what it names."""
    device = CelDevice("a", False, {"a/b": STRINGS}, {})
    assert compile_selector(expression, dialect).matches(device).kind is kind
