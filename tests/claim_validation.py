"""
Claims that the API server accepts or refuses: ``tests/data/claim_validation/cases.yaml``.

A case has a unique ``case``; ``version`` (``v1``) and ``kind`` (``ResourceClaim``); ``metadata``; and what
is asked for: ``devices`` of the spec, the whole ``spec``, or the ``body`` that a template has in its spec.
``refused`` is the field at fault: below the spec, or one of ``metadata`` where the case has its own;
``null`` where the claim is accepted. Manifests are for any release, so we accept what one of them accepts;
``refused_from`` is the first minor whose API server does not. ``[{repeat: N, of: X}]`` is a list of N times
X, with the number in place of ``{i}``, and the text ``repeat N X`` is N times the text X.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import yaml

from tests.paths import ROOT

_TEXT = re.compile(r"repeat (\d+) (.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ValidationCase:
    """
    ``field``: the path at fault within the object, ``None`` where the claim is accepted.

    ``refused_from``: the minor as (major, minor), ``None`` where all releases agree.
    """

    name: str
    version: str
    manifest: dict[str, Any]
    field: str | None
    refused_from: tuple[int, int] | None

    def accepted_by(self, minor: str) -> bool:
        """Whether the API server of a minor accepts the claim."""
        newer = self.refused_from is not None and _minor(minor) >= self.refused_from
        return self.field is None and not newer


def validation_cases() -> list[ValidationCase]:
    """All cases, in the order of the file."""
    path = ROOT / "tests" / "data" / "claim_validation" / "cases.yaml"
    return [_case(written) for written in yaml.safe_load(path.read_text(encoding="utf-8"))]


def _case(written: dict[str, Any]) -> ValidationCase:
    version, kind = written.get("version", "v1"), written.get("kind", "ResourceClaim")
    spec = written["body"] if "body" in written else written.get("spec", {"devices": written.get("devices")})
    manifest = {
        "apiVersion": f"resource.k8s.io/{version}",
        "kind": kind,
        "metadata": written.get("metadata", {"name": "c"}),
        "spec": _expanded(spec),
    }
    field = written["refused"]
    if field is not None and "metadata" not in written:
        field = f"spec.{field}"
    refused_from = _minor(str(written["refused_from"])) if "refused_from" in written else None
    return ValidationCase(written["case"], version, manifest, field, refused_from)


def _minor(text: str) -> tuple[int, int]:
    major, minor = text.split(".")
    return int(major), int(minor)


def _expanded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _expanded(inner) for key, inner in value.items()}
    if isinstance(value, str) and (text := _TEXT.fullmatch(value)):
        return text[2] * int(text[1])
    if not isinstance(value, list):
        return value
    if len(value) == 1 and isinstance(value[0], dict) and "repeat" in value[0]:
        return [_numbered(value[0]["of"], number) for number in range(value[0]["repeat"])]
    return [_expanded(inner) for inner in value]


def _numbered(value: Any, number: int) -> Any:
    if isinstance(value, dict):
        return {key: _numbered(inner, number) for key, inner in value.items()}
    return value.replace("{i}", str(number)) if isinstance(value, str) else value
