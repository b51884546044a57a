"""The interner's tables: shared while they last, bounded for ever."""

from __future__ import annotations

import pytest

from extender.kube.decode import Interner, interner
from extender.model import Attribute, AttributeKind


def test_equal_values_are_one_object():
    """Asking twice gives the first object."""
    tables = Interner()
    assert tables.strings["a b"] is tables.strings["a b"]
    assert tables.quantities["40Gi"] is tables.quantities["40Gi"]
    listed = Attribute(AttributeKind.STRINGS, ("a",))
    assert tables.attributes[listed] is tables.attributes[Attribute(AttributeKind.STRINGS, ("a",))]


def test_no_quantity_is_remembered_for_nonsense():
    """A text that is no quantity is refused each time."""
    tables = Interner()
    for _ in range(2):
        with pytest.raises(ValueError, match="not a quantity"):
            tables.quantities["x"]
    assert not tables.quantities


def test_tables_are_bounded(monkeypatch):
    """A full table starts again, and still answers right."""
    monkeypatch.setattr(interner, "TABLE_LIMIT", 10)
    tables = Interner()
    for index in range(25):
        assert tables.strings[str(index)] == Attribute(AttributeKind.STRING, str(index))
        assert len(tables.strings) <= 10
