"""The recorded CEL cases, as ``test_cases`` describes their files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from extender.cel import CelDevice, Dialect
from extender.model import Attribute, AttributeKind
from extender.model.quantity import parse_quantity
from tests.paths import DATA

DIALECTS = {
    "": Dialect(),
    "list-attributes": Dialect(list_attributes=True, iterate_attribute_value=True, dyn_result=True),
}


class Case(NamedTuple):
    """
    A recorded expression on a device; ``expect`` has every answer that Kubernetes gives.

    There are several where they depend on the random order of a Go map. ``unknown``: we say that we
    cannot tell, there or where we do not follow Kubernetes.
    """

    name: str
    expression: str
    device: str
    dialect: Dialect
    expect: tuple[str, ...]
    unknown: bool


def _device(entry: Mapping[str, Any]) -> CelDevice:
    attributes = {}
    for name, typed in entry["attributes"].items():
        kind, value = next(iter(typed.items()), ("unknown", None))
        attributes[name] = Attribute(AttributeKind(kind), tuple(value) if isinstance(value, list) else value)
    capacity = {name: parse_quantity(amount["value"]) for name, amount in entry["capacity"].items()}
    return CelDevice(entry["driver"], entry["allowMultipleAllocations"], attributes, capacity)


def _case(entry: Mapping[str, Any]) -> Case:
    dialect = DIALECTS[entry.get("dialect", "")]
    expect = answers(entry)
    unknown = entry.get("unknown", False) or len(expect) > 1
    return Case(entry["name"], entry["expression"], entry["device"], dialect, expect, unknown)


def answers(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """Every answer that Kubernetes gives to a case, as it stands in the file."""
    expect = entry["expect"]
    return tuple(expect) if isinstance(expect, list) else (expect,)


FOLDER = DATA / "cel"
DEVICES = {name: _device(entry) for name, entry in json.loads((FOLDER / "devices.json").read_text()).items()}
CASES = [_case(json.loads(line)) for line in (FOLDER / "cases.jsonl").read_text().splitlines()]
