"""The cluster of a recording, moved from attempt to attempt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from extender.core.releases.release import Release
from extender.core.topology.machine_facts import NO_FACTS, MachineFacts
from extender.core.topology.vocabulary import DEFAULT_VOCABULARY, Vocabulary
from extender.kube.files.cluster import Cluster
from extender.kube.recording.reader import Attempt
from extender.model import Allocation, Claim, Pod, PodClaim
from extender.service.store import FrozenStore

from ..cluster_input import snapshot_of


class Timeline:
    """
    A store that holds the cluster as one attempt saw it.

    From attempt to attempt only what differs is applied.
    """

    def __init__(
        self,
        cluster: Cluster,
        release: Release,
        vocabulary: Vocabulary = DEFAULT_VOCABULARY,
        machines: MachineFacts = NO_FACTS,
    ) -> None:
        self.store = FrozenStore(snapshot_of(cluster, release, vocabulary, machines))

    def move_to(self, attempt: Attempt) -> None:
        """Bring the store to the cluster and the claims as they stood when ``attempt`` began."""
        for changes in attempt.changes:
            self.store.apply(changes)
        current = self.store.current.claims
        wanted = {claim.key: claim for claim in attempt.claims}
        self.store.apply_claims(
            [claim for key, claim in wanted.items() if current.get(key) is not claim],
            [key for key in current if key not in wanted],
        )

    def allocate(self, attempt: Attempt) -> None:
        """Give the claims what the attempt allocated to them."""
        self.store.apply_claims(
            [
                replace(claim, allocation=allocation)
                for claim, allocation in _allocations(attempt)
                if allocation is not None and claim.allocation != allocation
            ]
        )


def pod_of(attempt: Attempt) -> Pod:
    """
    The pod of the attempt.

    Without a request it is not recorded; its claims are then those that the
    outcome names, in order of name.
    """
    if attempt.pod is not None:
        return attempt.pod
    claims = [claim for claim, _ in _allocations(attempt)]
    namespace = claims[0].namespace if claims else "default"
    return Pod(
        namespace=namespace,
        name=attempt.pod_name,
        claims=tuple(
            PodClaim(claim.name, claim=claim.name) for claim in claims if claim.namespace == namespace
        ),
    )


def _allocations(attempt: Attempt) -> Iterator[tuple[Claim, Allocation | None]]:
    """The claims that the outcome names, in the pod's namespace where it is known."""
    by_name: dict[str, Claim] = {}
    for claim in _nearest_last(attempt.claims, attempt.pod):
        by_name[claim.name] = claim
    for name, allocation in attempt.outcome.allocations:
        if name in by_name:
            yield by_name[name], allocation


def _nearest_last(claims: Iterable[Claim], pod: Pod | None) -> list[Claim]:
    """Sort claims so that those of the pod's namespace, and those yet to be allocated, come last."""
    return sorted(
        claims,
        key=lambda claim: (pod is not None and claim.namespace == pod.namespace, claim.allocation is None),
    )
