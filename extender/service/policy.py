"""What a pod asks of alignment, and which nodes that rules out."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from extender.core.prediction.evaluate import Shortfall
    from extender.model import Namespace, Pod

ANNOTATION = "dra-extender.io/alignment"
"""The annotation of a pod that sets its policy, of a namespace that sets that of its pods."""


class Policy(StrEnum):
    """
    ``ignore``: all nodes score alike. ``preferred``: nodes are scored, none is
    rejected. ``required``: filter rejects nodes that are known to fall short.
    """

    IGNORE = "ignore"
    PREFERRED = "preferred"
    REQUIRED = "required"


class PodPolicy(NamedTuple):
    """``recognised`` is false where the annotation holds none of the known words."""

    policy: Policy
    recognised: bool


def policy_of(pod: Pod, namespaces: Mapping[str, Namespace], default: Policy) -> PodPolicy:
    """The pod's own policy, else its namespace's, else ``default``; an unknown word means preferred."""
    word = pod.annotations.get(ANNOTATION)
    if word is None and pod.namespace in namespaces:
        word = namespaces[pod.namespace].annotations.get(ANNOTATION)
    if word is None:
        return PodPolicy(default, True)
    policy = _BY_WORD.get(word)
    return PodPolicy(Policy.PREFERRED, False) if policy is None else PodPolicy(policy, True)


_BY_WORD = {policy.value: policy for policy in Policy}


def rejections(shortfalls: Mapping[str, Shortfall]) -> dict[str, str]:
    """The nodes that policy ``required`` rules out, each with what to change."""
    return {name: _text(shortfall) for name, shortfall in shortfalls.items()}


def _text(shortfall: Shortfall) -> str:
    a, b, distance = shortfall.a, shortfall.b, shortfall.distance
    return (
        f"{ANNOTATION} is required, but {a} and {b}, which would be allocated here, share no NUMA node "
        f"(distance {distance}): constrain them with matchAttribute, free a nearer pair, or set the "
        "annotation to preferred"
    )
