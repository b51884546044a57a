"""Admission on a control plane: policies and webhooks put in, waited for and taken out again."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import yaml

from tests.certificates import self_signed
from tests.e2e.api import Api, Object
from tests.e2e.control_plane import ControlPlane
from tests.e2e.extender_server import Extender, serving
from tests.e2e.process import free_port
from tests.e2e.workload import NAMESPACE
from tests.paths import ROOT

MANIFEST = ROOT / "deploy" / "components" / "webhook" / "webhook.yaml"
START_SECONDS = 60.0


@contextlib.asynccontextmanager
async def admitting(api: Api, documents: Sequence[Object], probe: Object) -> AsyncIterator[None]:
    """
    Have ``documents`` in force while the block lasts; it begins when ``probe`` is changed by them.

    The API server learns of new ones after a while, and of each by itself. ``probe`` is a claim, created in a
    dry run, as is a template of it.
    """
    template = {**probe, "kind": "ResourceClaimTemplate", "spec": {"spec": probe["spec"]}}
    try:
        for document in documents:
            await api.create(document)
        deadline = time.monotonic() + START_SECONDS
        while not all([is_soft(await api.create(each, dryRun="All")) for each in (probe, template)]):
            if time.monotonic() > deadline:
                raise TimeoutError(f"no effect of {documents[0]['kind']} within {START_SECONDS:g} s")
            await asyncio.sleep(0.2)
        yield
    finally:
        for document in documents:
            await api.delete(document["kind"], document["metadata"]["name"])


@contextlib.contextmanager
def webhook(plane: ControlPlane, *more: str) -> Iterator[tuple[Extender, Object]]:
    """
    Our service on the live cluster with HTTPS, and the webhook of ``deploy`` that leads to it.

    The configuration differs from the shipped one in the address and the issuer it trusts. ``more``: options
    of the service.
    """
    pem, address = self_signed(plane.directory, "webhook"), f"127.0.0.1:{free_port()}"
    options = ("--webhook-listen", address, "--webhook-cert", pem.certificate, "--webhook-key", pem.key)
    (document,) = yaml.safe_load_all(MANIFEST.read_text(encoding="utf-8"))
    document["webhooks"][0]["clientConfig"] = {
        "url": f"https://{address}/mutate",
        "caBundle": base64.b64encode(pem.certificate.read_bytes()).decode(),
    }
    with serving(plane.directory, "--kubeconfig", plane.kubeconfig, *options, *more) as extender:
        yield extender, document


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
