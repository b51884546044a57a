"""The values of the chart as a table: name, default and meaning, from its schema and its defaults."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import yaml

from tests.paths import ROOT

CHART = ROOT / "deploy" / "chart"
NOT_SHOWN = {"global"}
"""Helm hands it to every chart; ours has no use for it."""


def defaults() -> dict[str, Any]:
    """What ``values.yaml`` says."""
    return yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))


def schema() -> dict[str, Any]:
    """What ``values.schema.json`` says."""
    return json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))


def described(node: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Each value that one can set, as (dotted path, its part of the schema), in the order of the schema."""
    for name, part in node["properties"].items():
        at = f"{path}.{name}".lstrip(".")
        if "properties" in part:
            yield from described(part, at)
        elif at not in NOT_SHOWN:
            yield at, part


def default_of(path: str) -> Any:
    """The default of a value; ``KeyError`` where ``values.yaml`` does not name it."""
    value: Any = defaults()
    for name in path.split("."):
        value = value[name]
    return value


def markdown() -> str:
    """The table of docs/chart.md."""
    rows = ["| value | default | meaning |", "|---|---|---|"]
    for path, part in described(schema()):
        meaning = part["description"]
        if "enum" in part:
            meaning += "; one of " + ", ".join(f"`{word}`" for word in part["enum"])
        rows.append(f"| `{path}` | `{json.dumps(default_of(path), ensure_ascii=False)}` | {meaning} |")
    return "\n".join(rows)
