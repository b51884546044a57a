"""Whose claims are advised on: the pod named, or every pod and lone claim of a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from extender.core.advice.advisor import Subject
from extender.core.cluster.snapshot import ClaimKey
from extender.kube.files.claim_file import ClaimFile, ManifestKey
from extender.model import Claim, ClaimSpec, ClaimTemplate, Pod, PodClaim
from extender.model.scheduling import SchedulingPod

from ..exit_status import WrongInput


@dataclass(frozen=True, slots=True)
class Titled:
    """
    A subject and what to call it, ``Pod default/job-1``.

    ``sources``: for each of its claims where its spec stands, as kind, namespace and name.
    """

    title: str
    subject: Subject
    sources: tuple[ManifestKey, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """
    The claims and templates there are; ``where`` says in what, for people.

    ``pods``: what pods ask of nodes, where that is told.
    """

    claims: Mapping[ClaimKey, Claim]
    templates: Mapping[ClaimKey, ClaimTemplate]
    pods: Mapping[ClaimKey, SchedulingPod]
    where: str


def pod_subject(pod: Pod, known: Known, option: str) -> Titled:
    """The claims of a pod. Raises ``WrongInput``, which begins with ``option``, where one is missing."""
    claims: dict[ClaimKey, Claim] = {}
    sources: list[ManifestKey] = []
    for number, entry in enumerate(pod.claims):
        if not entry.needed:
            continue
        found = _found(pod, entry, known)
        if found is None:
            kind, name = (
                ("ResourceClaimTemplate", entry.template)
                if entry.template
                else ("ResourceClaim", entry.claim)
            )
            raise WrongInput(
                f"{option}: Pod {pod.namespace}/{pod.name}: spec.resourceClaims[{number}]: "
                f"{kind} {pod.namespace}/{name} is not in {known.where}; add it"
            )
        claim, source = found
        if claim.key not in claims:
            claims[claim.key] = claim
            sources.append(source)
    asks = known.pods.get((pod.namespace, pod.name))
    subject = Subject(pod, tuple(claims.values()), asks)
    return Titled(f"Pod {pod.namespace}/{pod.name}", subject, tuple(sources))


def file_subjects(given: ClaimFile, known: Known) -> Iterator[Titled]:
    """Every pod of a file, then the claims and templates that none of these uses."""
    used: set[ManifestKey] = set()
    for pod in given.cluster.pods:
        titled = pod_subject(pod, known, f"-f {given.path}")
        used.update(titled.sources)
        yield titled
    for claim in given.cluster.claims:
        if ("ResourceClaim", *claim.key) not in used:
            yield _lone("ResourceClaim", claim.namespace, claim.name, claim.spec)
    for template in given.cluster.templates:
        if ("ResourceClaimTemplate", template.namespace, template.name) not in used:
            yield _lone("ResourceClaimTemplate", template.namespace, template.name, template.spec)


def _lone(kind: str, namespace: str, name: str, spec: ClaimSpec) -> Titled:
    subject = Subject(Pod(namespace, name), (Claim(namespace, name, "", spec),), any_pod=True)
    return Titled(f"{kind} {namespace}/{name}", subject, ((kind, namespace, name),))


def _found(pod: Pod, entry: PodClaim, known: Known) -> tuple[Claim, ManifestKey] | None:
    """The claim of one entry; one that is yet to be made has the spec of its template."""
    key = (pod.namespace, entry.claim)
    claim = known.claims.get(key) if entry.claim else _owned(pod, entry, known)
    if claim is not None:
        return claim, _source(pod, entry)
    template = known.templates.get((pod.namespace, entry.template)) if entry.template else None
    if template is None:
        return None
    made = Claim(pod.namespace, f"{pod.name}-{entry.name}", "", template.spec)
    return made, _source(pod, entry)


def _source(pod: Pod, entry: PodClaim) -> ManifestKey:
    if entry.template:
        return ("ResourceClaimTemplate", pod.namespace, entry.template)
    return ("ResourceClaim", pod.namespace, entry.claim)


def _owned(pod: Pod, entry: PodClaim, known: Known) -> Claim | None:
    if not pod.uid:
        return None
    return next(
        (
            claim
            for claim in known.claims.values()
            if claim.owner_uid == pod.uid and claim.pod_claim_name == entry.name
        ),
        None,
    )
