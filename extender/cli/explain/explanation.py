"""The explanation document, read back: the JSON that ``service.explain`` writes, as values."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class ExplainedDevice(msgspec.Struct, frozen=True):
    claim: str
    request: str
    driver: str
    pool: str
    device: str
    allocated: bool = False

    @property
    def id(self) -> str:
        """The device as ``driver/pool/device``."""
        return f"{self.driver}/{self.pool}/{self.device}"


class ExplainedPair(msgspec.Struct, frozen=True):
    a: str
    b: str
    kinds: str
    distance: str
    worth: float


class ExplainedAlignment(msgspec.Struct, frozen=True, rename="camel"):
    predicted: float | None
    best: float | None
    best_complete: bool
    pairs: tuple[ExplainedPair, ...]


class ExplainedChange(msgspec.Struct, frozen=True):
    before: int
    after: int


class ExplainedFragmentation(msgspec.Struct, frozen=True, rename="camel"):
    intact_groups: ExplainedChange
    first_fit_groups: ExplainedChange
    own_groups: int


class ExplainedNode(msgspec.Struct, frozen=True):
    outcome: str
    certainty: str
    reason: str | None
    message: str | None
    devices: tuple[ExplainedDevice, ...]
    score: int
    alignment: ExplainedAlignment
    fragmentation: ExplainedFragmentation | None


class Explanation(msgspec.Struct, frozen=True, rename="camel"):
    api_version: str
    kind: str
    pod: str
    kubernetes: str
    nodes: Mapping[str, ExplainedNode]


read_explanation = msgspec.json.Decoder(Explanation).decode
"""Decode the JSON of an explanation."""
