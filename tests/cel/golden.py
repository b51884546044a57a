"""The recorded CEL cases, as ``test_cases`` describes their files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from extender.cel import CelDevice, Dialect, dialect_of
from extender.model import Attribute, AttributeKind
from extender.model.quantity import parse_quantity
from tests.paths import DATA


class Source(NamedTuple):
    """What answered: a release with allocator features, and our dialect for it."""

    release: str
    features: tuple[str, ...]
    dialect: Dialect


SOURCES = {
    "": Source("1.36", ("ConsumableCapacity",), dialect_of("1.36", list_attributes=False)),
    "list-attributes": Source(
        "1.36", ("ConsumableCapacity", "ListTypeAttributes"), dialect_of("1.36", list_attributes=True)
    ),
    "1.35": Source("1.35", (), dialect_of("1.35", list_attributes=False)),
    "1.37": Source("1.37", ("ConsumableCapacity",), dialect_of("1.37", list_attributes=True)),
    "1.38": Source("1.38", ("ConsumableCapacity",), dialect_of("1.38", list_attributes=True)),
}
"""By the word for it in the field ``dialect`` of a case."""


class Case(NamedTuple):
    """
    A recorded expression on a device; ``expect`` has every answer that Kubernetes gives.

    There are several where they depend on the random order of a Go map. ``unknown``: we say that we
    cannot tell, there or where we do not follow Kubernetes. ``cost`` is in Kubernetes' units, ``None``
    where it does not matter. ``value`` is what the error of the answer shows.
    """

    name: str
    expression: str
    device: str
    source: Source
    expect: tuple[str, ...]
    unknown: bool
    cost: int | None
    value: str | None


class DerivedCase(NamedTuple):
    """A recorded expression that derives an attribute: the attribute, or the word for why there is none."""

    name: str
    expression: str
    device: str
    expect: Attribute | str
    cost: int | None


def _attribute(typed: Mapping[str, Any]) -> Attribute:
    kind, value = next(iter(typed.items()), ("unknown", None))
    return Attribute(AttributeKind(kind), tuple(value) if isinstance(value, list) else value)


def _device(entry: Mapping[str, Any]) -> CelDevice:
    attributes = {name: _attribute(typed) for name, typed in entry["attributes"].items()}
    capacity = {name: parse_quantity(amount["value"]) for name, amount in entry["capacity"].items()}
    return CelDevice(entry["driver"], entry["allowMultipleAllocations"], attributes, capacity)


def case_of(entry: Mapping[str, Any]) -> Case:
    """The case that a line of ``cases.jsonl`` stands for."""
    expect = entry["expect"]
    expected = tuple(expect) if isinstance(expect, list) else (expect,)
    return Case(
        entry["name"],
        entry["expression"],
        entry["device"],
        SOURCES[entry.get("dialect", "")],
        expected,
        entry.get("unknown", False) or len(expected) > 1,
        entry.get("cost"),
        entry.get("value"),
    )


def _derived(entry: Mapping[str, Any]) -> DerivedCase:
    attribute = entry.get("attribute")
    # Kubernetes leaves a list out where it is empty.
    empty = Attribute(AttributeKind.STRINGS, ())
    expect = entry["expect"] if attribute is None else _attribute(attribute) if attribute else empty
    return DerivedCase(entry["name"], entry["expression"], entry["device"], expect, entry.get("cost"))


def word(answer: Mapping[str, Any]) -> str:
    """An answer of the oracle in the words of the files; a crash of Kubernetes counts as an error."""
    if "match" in answer:
        return "match" if answer["match"] else "no-match"
    return "compile-error" if "compile_error" in answer else "error"


DEVICES_FILE = DATA / "cel" / "devices.json"
CASES_FILE = DATA / "cel" / "cases.jsonl"
DERIVED_FILE = DATA / "cel" / "derived.jsonl"
DEVICES = {name: _device(entry) for name, entry in json.loads(DEVICES_FILE.read_text()).items()}
CASES = [case_of(json.loads(line)) for line in CASES_FILE.read_text().splitlines()]
DERIVED = [_derived(json.loads(line)) for line in DERIVED_FILE.read_text().splitlines()]
