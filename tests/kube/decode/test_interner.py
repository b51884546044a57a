"""The interner's tables: shared while they last, bounded for ever."""

from __future__ import annotations

import json

import pytest

from extender.kube.decode import Interner, interner
from extender.kube.decode.claim_specs import claim_spec
from extender.kube.decode.slices import resource_slice
from extender.model import Attribute, AttributeKind, DeviceTraits


def test_equal_values_are_one_object():
    """Asking twice gives the first object."""
    tables = Interner()
    assert tables.strings["a", "b"] is tables.strings["a", "b"]
    assert tables.quantities["40Gi"] is tables.quantities["40Gi"]
    listed = Attribute(AttributeKind.STRINGS, ("a",))
    assert tables.values[listed, None] is tables.values[Attribute(AttributeKind.STRINGS, ("a",)), None]


def test_no_quantity_is_remembered_for_nonsense():
    """A text that is no quantity is refused each time."""
    tables = Interner()
    for _ in range(2):
        with pytest.raises(ValueError, match="not a quantity"):
            tables.quantities["x"]
    assert not tables.quantities


COLUMNS = {
    "device_names": lambda number: (f"gpu-{number}",),
    "device_traits": lambda number: (DeviceTraits(node_name=f"node-{number}"),),
    "headings": lambda number: (f"example.com/{number}",),
    "strings": lambda number: (f"GPU-{number}",),
    "ints": lambda number: (number,),
    "bools": lambda number: tuple(bit == "1" for bit in f"{number:b}"),
    "versions": lambda number: (f"1.0.{number}",),
    "values": lambda number: (Attribute(AttributeKind.INT, number), None),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_columns_go_with_the_last_slice_that_has_them(name):
    """What is published once and never again leaves nothing; what somebody has stays one object."""
    key_of = COLUMNS[name]
    columns = getattr(Interner(), name)
    kept = [columns[key_of(number)] for number in range(5)]
    for number in range(100):
        assert columns[key_of(number)].values == columns[key_of(number)].values
    assert len(columns) == len(kept)
    assert all(columns[key_of(number)] is column for number, column in enumerate(kept))


@pytest.mark.parametrize("length", [1, 1000, 60_000])
def test_tables_are_bounded_in_bytes(monkeypatch, length):
    """Long texts, which come and go for ever, fill no memory; what is longest is not kept at all."""
    monkeypatch.setattr(interner, "MOST_BYTES", 100_000)
    tables = Interner()
    for index in range(300):
        text = f"{index:03d}" + "x" * length
        assert tables.texts[text] == text
        assert sum(map(len, tables.texts)) + interner.FLAT_BYTES * len(tables.texts) <= 100_000
    assert tables.texts
    assert tables.texts["y" * 100_000] == "y" * 100_000
    assert "y" * 100_000 not in tables.texts


def test_specs_go_with_the_last_claim_that_has_them():
    """Claims that differ, created and deleted again and again, leave nothing."""
    tables = Interner()
    data = [json.dumps({"devices": {"requests": [{"name": f"r-{number}"}]}}).encode() for number in range(9)]
    kept = claim_spec(data[0], tables)
    for each in data:
        claim_spec(each, tables)
    assert len(tables.specs) == 1
    assert claim_spec(data[0], tables) is kept


def test_traits_are_bounded_in_bytes(monkeypatch):
    """Taints that say another time with each event fill no memory."""
    monkeypatch.setattr(interner, "MOST_TRAITS_BYTES", 10_000)
    tables = Interner()
    for number in range(100):
        taint = {"key": "seen", "value": str(number), "effect": "None"}
        assert traits_of({"taints": [taint]}, tables).taints[0].value == str(number)
        assert max(len(tables.traits), len(tables.traits_by_json)) < 20
    assert traits_of({"bindsToNode": True}, tables) is traits_of({"bindsToNode": True}, tables)


def traits_of(body, tables):
    device = {"name": "gpu-0", **body}
    slice_ = {"metadata": {"name": "s"}, "spec": {"driver": "d", "devices": [device]}}
    return resource_slice(json.dumps(slice_).encode(), tables).devices[0].traits
