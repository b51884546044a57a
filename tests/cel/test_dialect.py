"""The switches between Kubernetes minors."""

from __future__ import annotations

from dataclasses import fields
from itertools import takewhile

import pytest

from extender.cel import (
    DIALECTS,
    AnswerKind,
    CelDevice,
    Dialect,
    compile_selector,
    dialect_of,
    unlimited,
    unsupported_attribute,
)
from extender.model import Attribute, AttributeKind
from tests.paths import DOCS

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
        ("type(type(1)) == type", DIALECTS["1.37"], AnswerKind.MATCH),
        ("type(type(1)) == type", DIALECTS["1.38"], AnswerKind.MATCH),
        ("lists.range(60).includes(59)", OFF, AnswerKind.ERROR),
        ("lists.range(60).includes(47)", OFF, AnswerKind.MATCH),
        ("lists.range(60).includes(59)", Dialect(includes_limit=None), AnswerKind.MATCH),
    ],
)
def test_switch(expression, dialect, kind):
    """Each switch changes exactly what it names."""
    device = CelDevice("a", False, {"a/b": STRINGS}, {})
    assert compile_selector(expression, dialect, unlimited()).matches(device, unlimited()).kind is kind


COLUMNS = {
    "1.34, 1.35": (dialect_of("1.34", list_attributes=False), dialect_of("1.35", list_attributes=False)),
    "1.36": (dialect_of("1.36", list_attributes=False),),
    "1.36 with lists": (dialect_of("1.36", list_attributes=True),),
    "1.37": (dialect_of("1.37", list_attributes=True), dialect_of("1.37", list_attributes=False)),
    "1.38": (dialect_of("1.38", list_attributes=True), dialect_of("1.38", list_attributes=False)),
}
WORDS = {True: "yes", False: "no", None: "none"}


def test_the_table_of_dialects_is_true():
    """docs/cel.md has every field of a dialect, with its value in each release."""
    _, _, table = (DOCS / "cel.md").read_text().partition(f"| field | {' | '.join(COLUMNS)} | meaning |\n")
    lines = takewhile(str.strip, table.splitlines()[1:])
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    written = {row[0].strip("`"): row[1:-1] for row in rows}
    for field in fields(Dialect):
        for dialects, word in zip(COLUMNS.values(), written.pop(field.name), strict=True):
            values = {getattr(dialect, field.name) for dialect in dialects}
            assert {str(value) if type(value) is int else WORDS[value] for value in values} == {word}, (
                field.name
            )
    assert written == {}
