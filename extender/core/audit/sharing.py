"""
Pods that share claims.

Each container names the requests of a claim that it uses. One claim can so serve several pods with a
device each, which work together: their author wrote one claim to have the devices near each other.

Source: k8s.io/api core/v1 types.go ResourceClaim, v0.36: without a request, a container uses all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from extender.model import Claim, Pod

from ..claims.pod_groups import is_pod_group

PodKey = tuple[str, str]
_Claims = tuple[Claim, ...]


class Sharing(NamedTuple):
    """
    How a pod shares its claims.

    ``used``: the requests that it uses of a claim, by the claim's name; all where there is no entry.
    ``kept``: names of claims that must keep their devices, because pods with other claims use them too.
    ``companions``: the other pods, by name, if they and this pod use parts of the same claims and nobody
    else uses these.
    """

    used: Mapping[str, frozenset[str]]
    kept: frozenset[str]
    companions: tuple[Pod, ...]


def is_shared(claim: Claim) -> bool:
    """Whether several pods may use the claim."""
    return len(claim.reserved_for) > 1 or any(map(is_pod_group, claim.reserved_for))


def sharing_of(running: Iterable[tuple[Pod, Sequence[Claim]]]) -> Mapping[PodKey, Sharing]:
    """
    The pods that share claims, by (namespace, name), of all pods that run with their claims.

    Costs what the pods, their containers and their claims cost.
    """
    groups: dict[tuple[str, frozenset[PodKey]], list[tuple[Pod, _Claims]]] = {}
    for pod, claims in running:
        shared = tuple(claim for claim in claims if is_shared(claim))
        if shared:
            key = (pod.node_name, frozenset(claim.key for claim in claims))
            groups.setdefault(key, []).append((pod, shared))
    found: dict[PodKey, Sharing] = {}
    for group in groups.values():
        pods = tuple(pod for pod, _ in group)
        names = {(pod.name, pod.uid) for pod in pods}
        used = [_used_requests(pod, shared) for pod, shared in group]
        kept = frozenset(claim.name for claim in group[0][1] if not _is_of(claim, names))
        divided = not kept and any(used)
        for (pod, _), parts in zip(group, used, strict=True):
            companions = tuple(each for each in pods if each is not pod) if divided else ()
            found[pod.namespace, pod.name] = Sharing({} if divided else parts, kept, companions)
    return found


def _is_of(claim: Claim, names: set[tuple[str, str]]) -> bool:
    """Whether no one uses the claim but the pods of these names and UIDs."""
    return all(
        consumer.resource == "pods" and (consumer.name, consumer.uid) in names
        for consumer in claim.reserved_for
    )


def _used_requests(pod: Pod, claims: _Claims) -> Mapping[str, frozenset[str]]:
    """The requests that the containers name of each claim; a claim that is used as a whole is left out."""
    named: dict[str, set[str]] = {}
    for container in (*pod.init_containers, *pod.containers):
        for use in container.claims:
            named.setdefault(use.name, set()).add(use.request)
    used: dict[str, set[str]] = {}
    for entry in pod.claims:
        used.setdefault(entry.claim, set()).update(named.get(entry.name, {""}))
    return {
        claim.name: frozenset(used[claim.name])
        for claim in claims
        if claim.name in used and "" not in used[claim.name]
    }
