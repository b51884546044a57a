"""
Namespaces, as far as they say how their pods are to be treated.

Source: k8s.io/api core/v1 types.go, v0.36.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Namespace:
    name: str
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)
