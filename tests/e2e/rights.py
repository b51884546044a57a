"""The rights that ``deploy`` grants, base and components: each, and accounts with all or all but one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import yaml

from tests.e2e.api import Api, InvalidClaims, Object, each
from tests.e2e.kustomization import render
from tests.manifests import DEPLOY, MANIFESTS

KINDS = ("Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding")
"""What an account consists of, in the order in which it is put in."""
SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Right:
    """One verb on one resource, in the words of our error texts; ``group`` is empty for core."""

    group: str
    resource: str
    verb: str

    def __str__(self) -> str:
        return f"verb {self.verb} on {self.resource}.{self.group}".rstrip(".")


class NotInForce(Exception):
    """The API server does not act on what was granted; the text names a right that it sees otherwise."""


def documents() -> list[Object]:
    """Namespace, account, role and binding, as ``kubectl apply -k deploy/base`` makes them."""
    rendered = [document for document in render(DEPLOY / "base") if document["kind"] in KINDS]
    return sorted(rendered, key=lambda document: KINDS.index(document["kind"]))


def rights() -> list[Right]:
    """
    Every verb on every resource that ``deploy`` grants, once: the base's before those of components.

    In every namespace and by every name, also where ``deploy`` grants less.
    """
    roles = [
        document
        for path in MANIFESTS
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8"))
        if document["kind"] in ("ClusterRole", "Role")
    ]
    granted = [
        Right(group, resource, verb)
        for role in roles
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    ]
    return list(dict.fromkeys(granted))


async def grant(api: Api, name: str, without: Right | None = None) -> str:
    """
    Make the account ``name`` with all rights, less ``without``; a token of it.

    Returns when the API server acts on it. Raises ``NotInForce``.
    """
    granted = [right for right in rights() if right != without]
    namespace = ""
    for document in documents():
        if document["kind"] == "Namespace":
            namespace = document["metadata"]["name"]
            await _ensure(api, document)
            continue
        await api.delete(document["kind"], name, namespace)
        await api.create(_renamed(document, name, granted))
    user = f"system:serviceaccount:{namespace}:{name}"
    await each(lambda right: _in_force(api, user, right, right != without), rights())
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    token: str = (await api.request("POST", path, request))["status"]["token"]
    return token


def _renamed(document: Object, name: str, granted: list[Right]) -> Object:
    """The document for the account ``name``; a role with one rule for each right."""
    renamed = {**document, "metadata": {**document["metadata"], "name": name}}
    if "rules" in document:
        renamed["rules"] = [
            {"apiGroups": [right.group], "resources": [right.resource], "verbs": [right.verb]}
            for right in granted
        ]
    if "subjects" in document:
        renamed["roleRef"] = {**document["roleRef"], "name": name}
        renamed["subjects"] = [{**subject, "name": name} for subject in document["subjects"]]
    return renamed


async def _ensure(api: Api, document: Object) -> None:
    try:
        await api.create(document)
    except InvalidClaims as refused:
        if refused.status != 409:
            raise


async def _in_force(api: Api, user: str, right: Right, wanted: bool) -> None:
    """Wait until the API server's authorizer, which learns of roles by watching, says what is wanted."""
    resource, _, subresource = right.resource.partition("/")
    attributes = {
        "group": right.group,
        "resource": resource,
        "subresource": subresource,
        "verb": right.verb,
    }
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": user, "resourceAttributes": attributes},
    }
    try:
        async with asyncio.timeout(SECONDS):
            while await _allowed(api, review) is not wanted:  # noqa: ASYNC110 - another process makes it true
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise NotInForce(f"{user}: {right} is {'not ' if wanted else ''}granted") from None


async def _allowed(api: Api, review: Object) -> bool:
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    allowed: bool = (await api.request("POST", path, review))["status"]["allowed"]
    return allowed
