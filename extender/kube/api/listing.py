"""
One reading of a live cluster, for commands that answer and exit.

Lists are read in pages of raw JSON through the official client's transport: its
models cost over twenty times as much. Whoever stays up watches instead.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import Protocol, cast

import msgspec
import yaml

from ..decode import DecodeError
from ..files.cluster import GROUPS, Cluster, ClusterBuilder
from .errors import LiveError, Rule, no_answer, no_configuration, reason

__all__ = ["EXPIRED_LISTS", "KINDS", "PAGE_SIZE", "TIMEOUT_SECONDS", "LiveError", "read_live"]

PAGE_SIZE = 500
TIMEOUT_SECONDS = 60.0
"""For each page, from connecting to its last byte."""

EXPIRED_LISTS = 3
"""How often a list may expire between two of its pages before we give up."""

KINDS = tuple(kind for kind in GROUPS if kind != "DeviceTaintRule")
"""What every supported server has; DeviceTaintRules are read where they are served."""

_Method = Callable[..., object]
_GONE, _NOT_FOUND = 410, 404
_TAINT_RULE_VERSIONS = ("v1", "v1beta2", "v1alpha3")
# The client knows none of them in all its versions, and a server serves one or none.


class _Response(Protocol):
    """What the client returns for ``_preload_content=False``."""

    @property
    def data(self) -> bytes: ...


class _Failure(Protocol):
    """The client's ``ApiException``; ``status`` is 0 where TLS failed."""

    status: int
    reason: str
    body: str | None


class _ListMetadata(msgspec.Struct, gc=False):
    continue_: str | None = msgspec.field(name="continue", default=None)


class _Page(msgspec.Struct, gc=False):
    metadata: _ListMetadata | None = None


_PAGE = msgspec.json.Decoder(_Page)


def read_live(
    context: str | None = None, kubeconfig: str | None = None, kinds: Sequence[str] = KINDS
) -> Cluster:
    """
    List ``kinds`` and return them as a cluster, with the server's version.

    The configuration is the named kubeconfig and context, else the pod's own
    service account, else ``$KUBECONFIG`` or ``~/.kube/config``. The lists are
    read one after the other, so a later kind may be newer than an earlier one.
    Blocks, for seconds on a large cluster. Raises ``LiveError``.
    """
    # Importing the client takes longer than most commands.
    client = import_module("kubernetes.client")
    configuration = client.Configuration()
    _configure(configuration, context, kubeconfig)
    host: str = configuration.host
    api = client.ApiClient(configuration)
    core, resource = client.CoreV1Api(api), client.ResourceV1Api(api)
    resources: dict[str, tuple[str, _Method]] = {
        "Namespace": ("namespaces", core.list_namespace),
        "Node": ("nodes", core.list_node),
        "Pod": ("pods", core.list_pod_for_all_namespaces),
        "DeviceClass": ("deviceclasses", resource.list_device_class),
        "ResourceClaim": ("resourceclaims", resource.list_resource_claim_for_all_namespaces),
        "ResourceClaimTemplate": (
            "resourceclaimtemplates",
            resource.list_resource_claim_template_for_all_namespaces,
        ),
        "ResourceSlice": ("resourceslices", resource.list_resource_slice),
    }
    builder = ClusterBuilder()
    try:
        with _explained(host, "get", "/version"):
            builder.add(_raw(client.VersionApi(api).get_code))
        for kind in kinds:
            plural, method = resources[kind]
            with _explained(host, "list", f"{plural}.{GROUPS[kind]}".rstrip(".")):
                pages = _pages(method)
            for page in pages:
                builder.add(page, f"{kind}List")
        for page in _taint_rule_pages(client.CustomObjectsApi(api), host):
            builder.add(page, "DeviceTaintRuleList")
    except DecodeError as error:
        raise LiveError(f"{host} sent an answer that no API server should send: {error}") from error
    finally:
        api.rest_client.pool_manager.clear()
    return builder.build()


def _taint_rule_pages(objects: object, host: str) -> list[bytes]:
    """All DeviceTaintRules in the newest version that is served; none where none is."""
    api_exception = import_module("kubernetes.client.exceptions").ApiException
    list_objects: _Method = objects.list_cluster_custom_object  # type: ignore[attr-defined]
    for version in _TAINT_RULE_VERSIONS:
        method = partial(list_objects, group="resource.k8s.io", version=version, plural="devicetaintrules")
        with _explained(host, "list", "devicetaintrules.resource.k8s.io"):
            try:
                return _pages(method)
            except api_exception as error:
                if error.status != _NOT_FOUND:
                    raise
    return []


def _configure(configuration: object, context: str | None, kubeconfig: str | None) -> None:
    """Fill in the client's ``Configuration``."""
    config = import_module("kubernetes.config")
    try:
        if "KUBERNETES_SERVICE_HOST" in os.environ and not (context or kubeconfig):
            config.load_incluster_config(client_configuration=configuration)
        else:
            config.load_kube_config(
                config_file=kubeconfig or os.environ.get("KUBECONFIG") or None,
                context=context,
                client_configuration=configuration,
                persist_config=False,
            )
    except (config.ConfigException, yaml.YAMLError, OSError, ValueError, TypeError) as error:
        raise no_configuration(error) from error


def _raw(method: _Method, **parameters: object) -> bytes:
    """Call a method of the client and return the body of its answer."""
    answer = method(_preload_content=False, _request_timeout=TIMEOUT_SECONDS, **parameters)
    return cast("_Response", answer).data


def _pages(method: _Method) -> list[bytes]:
    """Return all pages of one list; start again where it expired meanwhile (410)."""
    api_exception = import_module("kubernetes.client.exceptions").ApiException
    pages: list[bytes] = []
    token: str | None = None
    expired = 0
    while not pages or token:
        try:
            pages.append(_raw(method, limit=PAGE_SIZE, _continue=token))
        except api_exception as error:
            expired += 1
            if error.status != _GONE or not token or expired > EXPIRED_LISTS:
                raise
            pages, token = [], None
            continue
        metadata = _PAGE.decode(pages[-1]).metadata
        token = metadata.continue_ if metadata else None
    return pages


@contextmanager
def _explained(host: str, verb: str, resource: str) -> Iterator[None]:
    """Turn what the client and msgspec raise into a ``LiveError`` that tells what to do."""
    api_exception = import_module("kubernetes.client.exceptions").ApiException
    http_error = import_module("urllib3.exceptions").HTTPError
    rule = Rule(verb, resource)
    try:
        yield
    except api_exception as error:
        failure = cast("_Failure", error)
        why = reason(failure.status, failure.reason, failure.body or "", rule)
        raise LiveError(f"{host}: cannot {rule}: {why}") from error
    except http_error as error:
        raise no_answer(host, error) from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise LiveError(f"{host}: cannot {rule}: the answer is no list: {error}") from error
