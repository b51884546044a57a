"""The manifests in ``deploy``: as they are written, and as applying a folder makes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.kustomization import render
from tests.paths import ROOT

DEPLOY = ROOT / "deploy"
CHART = DEPLOY / "chart"
MANIFESTS = sorted(path for path in DEPLOY.rglob("*.yaml") if CHART not in path.parents)
"""What kustomize reads: the templates of the chart are no YAML before Helm has filled them in."""
OVERLAYS = ["base", *sorted(str(path.relative_to(DEPLOY)) for path in (DEPLOY / "overlays").iterdir())]
"""Folders that can be applied."""


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


def documents(path: Path) -> list[dict]:
    return list(yaml.safe_load_all(path.read_text()))


def the(kind: str, folder: Path = DEPLOY / "base") -> dict:
    found = [doc for path in sorted(folder.glob("*.yaml")) for doc in documents(path) if doc["kind"] == kind]
    assert len(found) == 1, f"{short(folder)} has {len(found)} objects of kind {kind}"
    return found[0]


def deployed(folder: str) -> dict:
    """The one Deployment that applying a folder makes."""
    (deployment,) = [each for each in render(DEPLOY / folder) if each["kind"] == "Deployment"]
    return deployment


def named(document: dict) -> tuple[str, str]:
    return document["kind"], document["metadata"]["name"]


def ordered(value: Any) -> Any:
    """The value with every list of objects sorted, as the order of ports, mounts and volumes says nothing."""
    if isinstance(value, dict):
        return {key: ordered(item) for key, item in value.items()}
    if isinstance(value, list):
        items = [ordered(item) for item in value]
        return sorted(items, key=_text) if all(isinstance(item, dict) for item in items) else items
    return value


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
