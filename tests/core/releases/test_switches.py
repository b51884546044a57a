"""Every switch of a release, and every feature, is asked for by the rules that it stands for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from extender.core.releases.features import Features
from extender.core.releases.release import Release
from tests.paths import ROOT

EXTENDER = ROOT / "extender"
DEFINED_IN = {EXTENDER / "core" / "releases", EXTENDER / "cel" / "dialect.py"}
"""Where switches are set and combined; a rule is elsewhere."""


def attributes_read(files: Iterator[Path]) -> set[str]:
    """The attributes whose value some expression reads."""
    return {
        node.attr
        for file in files
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
    }


def switches(release: object) -> Iterator[str]:
    """The fields of a release and of the groups in it, features apart."""
    for field in fields(release):  # type: ignore[arg-type]
        value = getattr(release, field.name)
        if is_dataclass(value) and not isinstance(value, Features):
            yield from switches(value)
        yield field.name


@pytest.fixture(scope="module")
def read():
    """What the rules of the allocator and of CEL read."""
    files = [path for folder in ("core", "cel") for path in (EXTENDER / folder).rglob("*.py")]
    return attributes_read(path for path in files if DEFINED_IN.isdisjoint((path, *path.parents)))


def test_every_switch_is_read(read):
    """A switch that nobody asks for would claim a difference that is not there."""
    found = set(switches(Release("")))
    assert {"fixed", "scope", "wraps", "tolerations", "list_attributes", "order"} <= found
    assert found - read == set()


def test_every_feature_is_read(read):
    """``binding`` stands for the two features that count only together."""
    assert "binding" in read
    of_binding = {"binding_conditions", "device_status"}
    assert {field.name for field in fields(Features)} - of_binding - read == set()


def test_an_unread_switch_would_be_seen(tmp_path):
    """Writing a field, or a keyword of its name, is not reading it."""
    module = tmp_path / "rule.py"
    module.write_text("release.leak = Counters(scope=1)\nif release.wraps:\n    pass\n")
    assert attributes_read(iter([module])) == {"wraps"}
