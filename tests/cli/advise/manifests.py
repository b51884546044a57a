"""Objects as people write them, for ``-f``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def template(
    name: str, *requests: tuple[str, str], constraints: Iterable[object] = (), **spec: object
) -> dict[str, Any]:
    """``requests`` are (name, class)."""
    devices = {
        "requests": [{"name": each, "exactly": {"deviceClassName": of}} for each, of in requests],
        "constraints": list(constraints),
    }
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaimTemplate",
        "metadata": {"name": name, "labels": {"team": "a"}},
        "spec": {"spec": {"devices": devices, **spec}},
    }


def pod_of(*templates: str) -> dict[str, Any]:
    """A pod with a claim from each template."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "new"},
        "spec": {
            "containers": [{"name": "main"}],
            "resourceClaims": [{"name": each, "resourceClaimTemplateName": each} for each in templates],
        },
    }
