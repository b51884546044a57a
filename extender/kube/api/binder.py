"""
Binds a pod to its node, as kube-scheduler would.

Source: k8s.io/kubernetes pkg/scheduler/framework/plugins/defaultbinder
default_binder.go and pkg/registry/core/pod/storage/storage.go assignPod, v1.36.
"""

from __future__ import annotations

import asyncio
import random as randomness
import time
from collections.abc import Awaitable, Callable
from typing import Protocol
from urllib.parse import quote

import msgspec
import structlog

from .backoff import Backoff
from .connection import Connection
from .errors import ApiRefusal, LiveError, Rule, Unreachable

DEADLINE_SECONDS = 4.0
"""For a binding with all its attempts: kube-scheduler hangs up after 5 s (httpTimeout) by default."""

ATTEMPTS = 5

_CONFLICT = 409
_RETRYABLE = frozenset({429, 500, 503, 504})
_BIND = Rule("create", "pods/binding")
_LOOK = Rule("get", "pods")


class BindingArgs(Protocol):
    """The pod to bind, and to which node."""

    @property
    def pod_namespace(self) -> str: ...

    @property
    def pod_name(self) -> str: ...

    @property
    def pod_uid(self) -> str: ...

    @property
    def node(self) -> str: ...


class _Metadata(msgspec.Struct, gc=False):
    uid: str | None = None


class _Spec(msgspec.Struct, gc=False):
    node_name: str | None = msgspec.field(name="nodeName", default=None)


class _Pod(msgspec.Struct, gc=False):
    metadata: _Metadata | None = None
    spec: _Spec | None = None


_POD = msgspec.json.Decoder(_Pod)

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("extender.bind")


class ApiBinder:
    """
    Creates bindings through ``connection``.

    ``clock`` is in seconds, ``random`` returns 0 to 1.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        deadline_seconds: float = DEADLINE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = randomness.random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._connection = connection
        self._deadline_seconds = deadline_seconds
        self._clock, self._random, self._sleep = clock, random, sleep

    async def bind(self, args: BindingArgs) -> str:
        """
        Bind the pod; answer the empty string, or what went wrong and what to do.

        What the server says goes to the log only: it may tell the caller of objects that are not theirs.
        Lost connections, 429, 500, 503 and 504 are tried again, at most
        ``ATTEMPTS`` times in all and until the deadline. An attempt without a clear
        answer may have bound the pod: if a later look finds it bound to this very
        node, that is success. Never raises.
        """
        error, attempts = await self._attempts(args)
        if error is None:
            return ""
        log.warning(
            "pod not bound",
            namespace=args.pod_namespace,
            pod=args.pod_name,
            node=args.node,
            attempts=attempts,
            problem=str(error),
        )
        times = f"{attempts} attempt{'s' if attempts > 1 else ''}"
        return f"{_told(error)}; given up after {times}, see the extender's log"

    async def _attempts(self, args: BindingArgs) -> tuple[LiveError | None, int]:
        """Return what went wrong at last, ``None`` where the pod is bound, and the number of attempts."""
        end = self._clock() + self._deadline_seconds
        backoff = Backoff(self._random, first_seconds=0.05, most_seconds=1.0)
        attempts, problem = 0, LiveError()
        while attempts < ATTEMPTS:
            attempts += 1
            try:
                # Half of what is left: a hanging attempt leaves time to look whether it came through.
                await self._post(args, (end - self._clock()) / 2)
                return None, attempts
            except (Unreachable, ApiRefusal) as error:
                status = error.status if isinstance(error, ApiRefusal) else 0
                if status and status not in _RETRYABLE:
                    landed = status == _CONFLICT and attempts > 1 and await self._is_bound(args, end)
                    return None if landed else error, attempts
                problem = error
                wait = backoff.next(error.retry_after_seconds if isinstance(error, ApiRefusal) else 0.0)
            except LiveError as error:
                return error, attempts
            if self._clock() + wait >= end:
                break
            if attempts < ATTEMPTS:
                await self._sleep(wait)
        return None if await self._is_bound(args, end) else problem, attempts

    async def _post(self, args: BindingArgs, seconds: float) -> None:
        """
        Create the binding.

        Its UID is a precondition: a pod that was created again under the same name
        is not bound.
        """
        path = f"{_pod_path(args)}/binding"
        body = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"namespace": args.pod_namespace, "name": args.pod_name, "uid": args.pod_uid},
            "target": {"kind": "Node", "name": args.node},
        }
        await self._connection.post(path, body, _BIND, timeout_seconds=max(seconds, 0.001))

    async def _is_bound(self, args: BindingArgs, end: float) -> bool:
        """Whether the server shows this very pod on this node; false where it does not answer in time."""
        seconds = end - self._clock()
        if seconds <= 0:
            return False
        try:
            body = await self._connection.get(_pod_path(args), {}, _LOOK, timeout_seconds=seconds)
            pod = _POD.decode(body)
        except (LiveError, msgspec.MsgspecError, UnicodeDecodeError):
            return False
        uid, node = pod.metadata and pod.metadata.uid, pod.spec and pod.spec.node_name
        return (uid, node) == (args.pod_uid, args.node)


def _told(error: LiveError) -> str:
    """What the caller is told of an error: nothing that the server said but its status."""
    match error:
        case ApiRefusal(status=403):
            advice = f"grant the extender the verb {_BIND.verb} on {_BIND.resource} in a ClusterRole"
            return f"the API server refused the binding (403); {advice}"
        case ApiRefusal(status=status):
            return f"the API server refused the binding ({status})"
        case _:
            return "no answer from the API server"


def _pod_path(args: BindingArgs) -> str:
    return f"/api/v1/namespaces/{quote(args.pod_namespace, safe='')}/pods/{quote(args.pod_name, safe='')}"
