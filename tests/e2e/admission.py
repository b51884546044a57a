"""Admission on a control plane: policies and webhooks put in, waited for and taken out again."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

from tests.e2e.api import Api, Object, Refused
from tests.e2e.workload import NAMESPACE

_GROUP = "/apis/admissionregistration.k8s.io/v1"
PATHS = {
    "MutatingAdmissionPolicy": f"{_GROUP}/mutatingadmissionpolicies",
    "MutatingAdmissionPolicyBinding": f"{_GROUP}/mutatingadmissionpolicybindings",
    "MutatingWebhookConfiguration": f"{_GROUP}/mutatingwebhookconfigurations",
}
"""Where the objects are that change others on their way in."""
START_SECONDS = 60.0


@contextlib.asynccontextmanager
async def admitting(api: Api, documents: Sequence[Object], probe: Object) -> AsyncIterator[None]:
    """
    Have ``documents`` in force while the block lasts; it begins when ``probe`` is changed by them.

    The API server learns of new ones after a while. ``probe`` is a claim, created in a dry run.
    """
    try:
        for document in documents:
            await api.request("POST", PATHS[document["kind"]], document, fieldValidation="Strict")
        deadline = time.monotonic() + START_SECONDS
        while not is_soft(await api.create(probe, dryRun="All")):
            if time.monotonic() > deadline:
                raise TimeoutError(f"no effect of {documents[0]['kind']} within {START_SECONDS:g} s")
            await asyncio.sleep(0.2)
        yield
    finally:
        for document in documents:
            with contextlib.suppress(Refused):
                path = f"{PATHS[document['kind']]}/{document['metadata']['name']}"
                await api.request("DELETE", path)


def is_soft(document: Object) -> bool:
    """Whether a claim or template tries aligned devices first."""
    spec: dict[str, Any] = document["spec"].get("spec", document["spec"])
    return any("firstAvailable" in request for request in spec["devices"]["requests"])


def claim(name: str, *requests: Object, **metadata: Any) -> Object:
    """A ResourceClaim; ``metadata``: further fields of its metadata."""
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {"name": name, "namespace": NAMESPACE, **metadata},
        "spec": {"devices": {"requests": list(requests)}},
    }


def request(name: str, device_class: str, **fields: Any) -> Object:
    """A request for one device."""
    return {"name": name, "exactly": {"deviceClassName": device_class, **fields}}
