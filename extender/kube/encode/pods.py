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
    made = [entry for entry in pod.claims if entry.template and (entry.claim or not entry.needed)]
    spec: JSON = {
        "nodeName": pod.node_name,
        "resourceClaims": list(map(_claim, pod.claims)),
        "initContainers": _containers(pod.init_containers),
        "containers": _containers(pod.containers),
        "schedulingGroup": filled({"podGroupName": pod.pod_group}),
    }
    statuses = [filled({"name": entry.name, "resourceClaimName": entry.claim}) for entry in made]
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
                "name": container.name,
                "resources": filled(
                    {
                        "requests": quantities(container.requests),
                        "claims": [
                            filled({"name": each.name, "request": each.request}) for each in container.claims
                        ],
                    }
                ),
                "restartPolicy": "Always" if container.restartable else "",
            }
        )
        for container in containers
    ]
