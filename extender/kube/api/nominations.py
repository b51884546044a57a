"""
Names the node of a pending pod: ``status.nominatedNodeName``, and nothing else of the pod.

Source: KEP-5278, by which external components may set the field; k8s.io/kubernetes
pkg/registry/core/pod/storage/storage.go StatusREST, v1.36: a patch with another UID or an older
resourceVersion is refused (409).
"""

from __future__ import annotations

from enum import StrEnum
from urllib.parse import quote

import structlog

from extender.model.pending_pods import FIELD_MANAGER, PendingPod

from .connection import Connection
from .errors import ApiRefusal, LiveError, Rule

TIMEOUT_SECONDS = 5.0

_RULE = Rule("patch", "pods/status")
_NOT_FOUND, _CONFLICT = 404, 409

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("extender.nominate")


class Written(StrEnum):
    """
    What became of a patch.

    ``done``: the API server took it. ``changed``: the pod is not as it was any more, or gone. ``refused``:
    the API server does not let us, or not now. ``unanswered``: it may have taken the patch.
    """

    DONE = "done"
    CHANGED = "changed"
    REFUSED = "refused"
    UNANSWERED = "unanswered"


class ApiNominations:
    """Patches pods through ``connection``. Nothing is tried twice, and nothing raises."""

    def __init__(self, connection: Connection, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._connection, self._timeout_seconds = connection, timeout_seconds
        self._problem = ""

    async def write(self, pod: PendingPod, node: str) -> Written:
        """Name ``node`` for the pod, or no node where it is empty, if the pod is still as ``pod`` says."""
        path = f"/api/v1/namespaces/{quote(pod.namespace, safe='')}/pods/{quote(pod.name, safe='')}/status"
        body = {
            "metadata": {"uid": pod.uid, "resourceVersion": pod.version},
            "status": {"nominatedNodeName": node or None},
        }
        parameters = {"fieldManager": FIELD_MANAGER}
        try:
            await self._connection.merge(path, parameters, body, _RULE, timeout_seconds=self._timeout_seconds)
        except ApiRefusal as refusal:
            if refusal.status in (_NOT_FOUND, _CONFLICT):
                return Written.CHANGED
            self._failed(refusal)
            return Written.REFUSED
        except LiveError as error:
            self._failed(error)
            return Written.UNANSWERED
        self._problem = ""
        return Written.DONE

    def _failed(self, error: LiveError) -> None:
        """Say what is wrong once, until a patch is taken again."""
        if not self._problem:
            log.warning("cannot nominate pods", problem=str(error))
        self._problem = str(error)
