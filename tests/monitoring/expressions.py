"""Every PromQL expression that we publish: those of the dashboard, of the alerts, and of the documents."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from extender.service.metrics.spec import PREFIX, MetricType
from extender.service.metrics.specs import METRICS
from tests.paths import DOCS, ROOT

FILES = ROOT / "deploy" / "chart" / "files"
ALERTS = FILES / "alerts.yaml"
DASHBOARD = FILES / "dashboard.json"
PAGES = sorted([*DOCS.rglob("*.md"), *(ROOT / "deploy").rglob("*.md"), ROOT / "README.md"])
WINDOW = "5m"
"""What stands for ``$__rate_interval``: longer than a run of a test, so that all of it is seen."""
HISTOGRAMS = {f"{PREFIX}{spec.name}" for spec in METRICS if spec.type is MetricType.HISTOGRAM}


@dataclass(frozen=True, slots=True)
class Expression:
    """``text`` is what Prometheus gets; ``where`` names the panel, the alert, or page and line."""

    where: str
    text: str


def alerts() -> dict[str, dict[str, Any]]:
    """The rules of the alerts by name."""
    groups = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def dashboard() -> dict[str, Any]:
    """The dashboard as Grafana imports it."""
    document: dict[str, Any] = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return document


def panels() -> list[dict[str, Any]]:
    """The panels of the dashboard that show something, from left to right and down."""
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def shown(expression: str, window: str = WINDOW) -> str:
    """An expression of the dashboard with its variables put in: all jobs, and rates over ``window``."""
    return expression.replace("$job", ".*").replace("$__rate_interval", window)


def of_the_dashboard() -> list[Expression]:
    """One for each target of each panel."""
    return [
        Expression(f"dashboard: {panel['title']}, {target['refId']}", shown(target["expr"]))
        for panel in panels()
        for target in panel["targets"]
    ]


def of_the_alerts() -> list[Expression]:
    """One for each alert."""
    return [Expression(f"alert: {name}", rule["expr"]) for name, rule in alerts().items()]


def of_the_pages() -> list[Expression]:
    """What the documents have as code and names a metric of ours; a name alone is one, but a histogram's."""
    return [
        Expression(f"{path.relative_to(ROOT)}:{number}", code)
        for path in PAGES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        for code in _code(line)
        if PREFIX in code and code not in HISTOGRAMS
    ]


def everything() -> list[Expression]:
    """All of them; one text can be in several places."""
    return [*of_the_dashboard(), *of_the_alerts(), *of_the_pages()]


def _code(line: str) -> Iterator[str]:
    # In a table a bar inside code is written with a backslash.
    for code in re.findall(r"`([^`]+)`", line):
        yield code.replace("\\|", "|")


def metrics_of(expression: str) -> set[str]:
    """The metrics of ours that an expression names, without what Prometheus adds to a histogram's name."""
    found = set()
    for name in re.findall(rf"\b{PREFIX}\w+", expression):
        plain = re.sub(r"_(bucket|sum|count)$", "", name)
        found.add(plain if plain in HISTOGRAMS else name)
    return found


def write_recording_rules(expressions: list[Expression], path: Path) -> None:
    """A file with a rule for each expression, so that promtool parses all at once."""
    rules = [{"record": f"parsed_{n}", "expr": each.text} for n, each in enumerate(expressions)]
    path.write_text(json.dumps({"groups": [{"name": "parsed", "rules": rules}]}), encoding="utf-8")
