"""
The pods that run, and the devices they hold.

A pod runs where it is bound to a node. It holds what its claims have been
allocated, whoever wrote the claims: the pod's author, a template, or the scheduler
for extended resources.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from extender.model import Claim, Consumer, Pod

from ..alignment.worths import DEFAULT_WORTHS, Worths
from ..claims.pod_groups import is_pod_group
from ..cluster.snapshot import Snapshot
from .running_pod import Rater, RunningPod, Unrated
from .sharing import Sharing, sharing_of

_ALONE = Sharing({}, frozenset(), ())


def running_pods(
    snapshot: Snapshot, worths: Worths = DEFAULT_WORTHS
) -> Iterator[RunningPod | tuple[Pod, Unrated]]:
    """
    Yield every bound pod that has claims, by node name, then namespace and name.

    A pod whose claims are all reserved for others has finished, and is left out. Costs
    what the pods and their devices cost; nodes without pods are never looked at.
    """
    rater = Rater(snapshot.vocabulary, worths)
    known: list[tuple[Pod, tuple[Claim, ...]]] = []
    running: list[tuple[Pod, tuple[Claim, ...], bool]] = []
    for pod, claims in _with_claims(snapshot):
        held = tuple(claim for claim in claims if claim is not None and claim.allocation is not None)
        running.append((pod, held, len(held) == len(claims)))
        if len(held) == len(claims):
            known.append((pod, held))
    sharing = sharing_of(known)
    for pod, held, complete in running:
        state = snapshot.nodes.get(pod.node_name)
        how = sharing.get((pod.namespace, pod.name), _ALONE)
        if not complete:
            yield pod, Unrated.CLAIM_UNKNOWN
        elif state is None:
            yield pod, Unrated.NODE_UNKNOWN
        elif any(other.name < pod.name for other in how.companions):
            yield pod, Unrated.RATED_TOGETHER
        else:
            yield rater.rated(pod, held, how, state)


def _with_claims(snapshot: Snapshot) -> Iterator[tuple[Pod, list[Claim | None]]]:
    """The bound pods that have claims and have not finished, in the order of ``running_pods``."""
    owned = _owned_claims(snapshot.claims)
    bound = (pod for pod in snapshot.pods.values() if pod.node_name)
    for pod in sorted(bound, key=lambda pod: (pod.node_name, pod.namespace, pod.name)):
        claims = _claims_of(pod, snapshot.claims, owned)
        if claims and not all(claim is not None and _is_of_others(claim, pod) for claim in claims):
            yield pod, claims


def _owned_claims(claims: Mapping[tuple[str, str], Claim]) -> dict[str, list[Claim]]:
    """Claims by the UID of the pod that owns them, each list by name."""
    owned: dict[str, list[Claim]] = {}
    for _, claim in sorted(claims.items()):
        if claim.owner_uid:
            owned.setdefault(claim.owner_uid, []).append(claim)
    return owned


def _claims_of(
    pod: Pod, claims: Mapping[tuple[str, str], Claim], owned: Mapping[str, list[Claim]]
) -> list[Claim | None]:
    """The pod's claims, each once, ``None`` for one that is missing; those for extended resources last."""
    own = owned.get(pod.uid, []) if pod.uid else []
    found: list[Claim | None] = []
    for entry in pod.claims:
        if not entry.needed:
            continue
        if entry.claim:
            claim = claims.get((pod.namespace, entry.claim))
        else:
            claim = next((each for each in own if each.pod_claim_name == entry.name), None)
        if claim is None or claim not in found:
            found.append(claim)
    return [*found, *(claim for claim in own if claim.extended_resource)]


def _is_of_others(claim: Claim, pod: Pod) -> bool:
    """Whether the claim is reserved, but not for this pod or its group. A dump may leave reservations out."""
    return bool(claim.reserved_for) and not any(_is_for(consumer, pod) for consumer in claim.reserved_for)


def _is_for(consumer: Consumer, pod: Pod) -> bool:
    if is_pod_group(consumer):
        return consumer.name == pod.pod_group
    return consumer.uid == pod.uid if pod.uid else consumer.name == pod.name
