"""The pods of a simulation: how many GPUs and NICs each asks for, in one claim or in two."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from extender.model import Claim, ClaimSpec, ExactRequest, Pod, PodClaim, Request

GPU_CLASS, NIC_CLASS = "gpu", "rdma"
"""Classes of the embedded fleet; the second selects NICs with RDMA."""


class Ask(NamedTuple):
    """How many devices of each kind a pod asks for; ``claims`` is 1 or 2."""

    gpus: int
    nics: int
    claims: int = 1


MIXED: Mapping[Ask, int] = {
    Ask(1, 0): 30,
    Ask(0, 1): 20,
    Ask(1, 1): 15,
    Ask(1, 1, claims=2): 15,
    Ask(2, 2): 8,
    Ask(2, 2, claims=2): 7,
    Ask(4, 4): 3,
    Ask(4, 4, claims=2): 2,
}
"""Weights of each in percent."""

PAIRS: Mapping[Ask, int] = {Ask(1, 1): 50, Ask(1, 1, claims=2): 50}


def draw(mix: Mapping[Ask, int], count: int, seed: int) -> list[Ask]:
    """``count`` asks at random."""
    return random.Random(seed).choices(list(mix), list(mix.values()), k=count)


def pod_of(name: str, ask: Ask) -> tuple[Pod, list[Claim]]:
    """The pod and its claims, GPUs before NICs."""
    requests = [_request(*each) for each in ((GPU_CLASS, ask.gpus), (NIC_CLASS, ask.nics)) if each[1]]
    pairs = [[request] for request in requests] if ask.claims == 2 else [requests]
    claims = [
        Claim("default", f"{name}-{number}", f"uid-{name}-{number}", _spec(group))
        for number, group in enumerate(pairs)
    ]
    return Pod(
        "default", name, f"uid-{name}", claims=tuple(PodClaim(each.name, each.name) for each in claims)
    ), claims


def _request(device_class: str, count: int) -> Request:
    return Request(device_class, ExactRequest(device_class, device_class, count=count))


def _spec(requests: Sequence[Request]) -> ClaimSpec:
    return ClaimSpec(repr(requests), tuple(requests))
