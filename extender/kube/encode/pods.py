"""
Pods, as far as claims and extended resources go.

Source: k8s.io/api core/v1 types.go, v0.36.
"""

from __future__ import annotations

from collections.abc import Iterable

from extender.model import Container, Pod, PodClaim

from .fields import JSON, filled, quantities


def pod_json(pod: Pod) -> JSON:
    """Return the Pod; the claims made from templates are in its status."""
    made = [each for each in pod.claims if each.template and (each.claim or not each.needed)]
    spec: JSON = {
        "nodeName": pod.node_name,
        "resourceClaims": list(map(_claim, pod.claims)),
        "initContainers": _containers(pod.init_containers),
        "containers": _containers(pod.containers),
    }
    statuses = [filled({"name": each.name, "resourceClaimName": each.claim}) for each in made]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": filled(
            {
                "name": pod.name,
                "namespace": pod.namespace,
                "uid": pod.uid,
                "annotations": dict(pod.annotations),
            }
        ),
        "spec": filled(spec),
        "status": filled({"resourceClaimStatuses": statuses}),
    }


def _claim(claim: PodClaim) -> JSON:
    return filled(
        {
            "name": claim.name,
            "resourceClaimName": "" if claim.template else claim.claim,
            "resourceClaimTemplateName": claim.template,
        }
    )


def _containers(containers: Iterable[Container]) -> list[JSON]:
    return [
        filled(
            {
                "name": each.name,
                "resources": filled({"requests": quantities(each.requests)}),
                "restartPolicy": "Always" if each.restartable else "",
            }
        )
        for each in containers
    ]
