"""A small client of the API server: JSON in, JSON out, many requests at a time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from typing import Any, TypeVar

import aiohttp

from tests.e2e.control_plane import ControlPlane

Object = dict[str, Any]
"""A Kubernetes object as JSON."""
T = TypeVar("T")

CONCURRENCY = 32
TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=60, sock_read=60)
"""Of a request that is sent: those that wait for one of the connections may be many."""

_ADMISSION = "/apis/admissionregistration.k8s.io/v1"

RESOURCES = {
    "Namespace": "/api/v1/namespaces",
    "Node": "/api/v1/nodes",
    "Pod": "/api/v1/namespaces/{namespace}/pods",
    "ConfigMap": "/api/v1/namespaces/{namespace}/configmaps",
    "Secret": "/api/v1/namespaces/{namespace}/secrets",
    "Service": "/api/v1/namespaces/{namespace}/services",
    "ResourceQuota": "/api/v1/namespaces/{namespace}/resourcequotas",
    "ServiceAccount": "/api/v1/namespaces/{namespace}/serviceaccounts",
    "Deployment": "/apis/apps/v1/namespaces/{namespace}/deployments",
    "CronJob": "/apis/batch/v1/namespaces/{namespace}/cronjobs",
    "Lease": "/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases",
    "NetworkPolicy": "/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies",
    "PodDisruptionBudget": "/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets",
    "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "ClusterRoleBinding": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "Role": "/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/roles",
    "RoleBinding": "/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings",
    "ValidatingAdmissionPolicy": f"{_ADMISSION}/validatingadmissionpolicies",
    "ValidatingAdmissionPolicyBinding": f"{_ADMISSION}/validatingadmissionpolicybindings",
    "MutatingAdmissionPolicy": f"{_ADMISSION}/mutatingadmissionpolicies",
    "MutatingAdmissionPolicyBinding": f"{_ADMISSION}/mutatingadmissionpolicybindings",
    "MutatingWebhookConfiguration": f"{_ADMISSION}/mutatingwebhookconfigurations",
    "DeviceClass": "/apis/resource.k8s.io/v1/deviceclasses",
    "ResourceSlice": "/apis/resource.k8s.io/v1/resourceslices",
    "ResourceClaim": "/apis/resource.k8s.io/v1/namespaces/{namespace}/resourceclaims",
    "ResourceClaimTemplate": "/apis/resource.k8s.io/v1/namespaces/{namespace}/resourceclaimtemplates",
}
"""Where the objects of each kind are."""


class InvalidClaims(Exception):
    """The API server's answer is no 2xx; ``status`` is its code, the text its message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{message} ({status})")
        self.status = status


class Api:
    """Requests to one API server as one user; ``warnings`` collects what the server warned of."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.url = url
        self.warnings: list[str] = []
        self._session = session

    async def request(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, **query: str
    ) -> Object:
        """Any request; ``Refused`` where the server does not accept it."""
        async with self._session.request(method, self.url + path, json=body, params=query) as response:
            self.warnings += response.headers.getall("Warning", [])
            answer: Object = await response.json(content_type=None)
            if response.status >= 300:
                raise InvalidClaims(response.status, str(answer.get("message", answer)))
            return answer

    async def read(self, path: str, **query: str) -> bytes:
        """The bytes of a GET; ``Refused``."""
        async with self._session.get(self.url + path, params=query) as response:
            body = await response.read()
            if response.status >= 300:
                raise InvalidClaims(response.status, body.decode(errors="replace"))
            return body

    async def create(self, document: Mapping[str, Any], **query: str) -> Object:
        """POST an object where its kind and namespace say; unknown fields are refused."""
        return await self.request(
            "POST", collection_of(document), document, fieldValidation="Strict", **query
        )

    async def replace_status(self, document: Mapping[str, Any]) -> Object:
        """PUT the status, which creation drops."""
        path = f"{collection_of(document)}/{document['metadata']['name']}/status"
        return await self.request("PUT", path, document)

    async def get(self, kind: str, name: str, namespace: str = "default") -> Object:
        return await self.request("GET", f"{collection(kind, namespace)}/{name}")

    async def list_all(self, kind: str, namespace: str = "") -> list[Object]:
        """All objects of a kind, or those of one namespace, with their kind and apiVersion."""
        if namespace:
            path = collection(kind, namespace)
        else:
            path = RESOURCES[kind].replace("/namespaces/{namespace}", "")
        answer = await self.request("GET", path)
        return [
            {"apiVersion": answer["apiVersion"], "kind": kind, **item} for item in answer.get("items") or ()
        ]

    async def delete(self, kind: str, name: str, namespace: str = "default") -> None:
        """Delete without grace, as no kubelet will ever confirm; an object that is gone is fine."""
        try:
            await self.request("DELETE", f"{collection(kind, namespace)}/{name}", gracePeriodSeconds="0")
        except InvalidClaims as refused:
            if refused.status != 404:
                raise

    async def delete_all(self, kind: str, namespace: str = "") -> int:
        """Delete what :meth:`list_all` lists; how many that were. Finalizers may keep them for a while."""
        names = [found["metadata"]["name"] for found in await self.list_all(kind, namespace)]
        await each(lambda name: self.delete(kind, name, namespace or "default"), names)
        return len(names)


@contextlib.asynccontextmanager
async def connect(plane: ControlPlane, token: str | None = None) -> AsyncIterator[Api]:
    """Talk to the API server, as an administrator or as the user of ``token``."""
    headers = {"Authorization": f"Bearer {token or plane.token}"}
    connector = aiohttp.TCPConnector(limit=CONCURRENCY, ssl=plane.tls())
    async with aiohttp.ClientSession(headers=headers, connector=connector, timeout=TIMEOUT) as session:
        yield Api(session, plane.url)


def collection(kind: str, namespace: str = "default") -> str:
    """The path of all objects of a kind, in a namespace where the kind has namespaces."""
    return RESOURCES[kind].format(namespace=namespace)


def collection_of(document: Mapping[str, Any]) -> str:
    return collection(document["kind"], document["metadata"].get("namespace", "default"))


async def each(act: Callable[[T], Coroutine[Any, Any, object]], items: Iterable[T]) -> None:
    """Do something with every item, many at a time; the first error ends it."""
    async with asyncio.TaskGroup() as group:
        for item in items:
            group.create_task(act(item))
