"""
A Lease that one of several replicas holds.

Source: k8s.io/client-go tools/leaderelection leaderelection.go, v0.36. As there, nobody compares the
holder's clock with its own: a lease has ended when it has not changed for its duration, by the clock of
who looks. Unlike there, the holder is told by ``held`` at any moment, and gives up earlier than others
may take over.
"""

from __future__ import annotations

import asyncio
import random as randomness
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote

import msgspec
import structlog

from .connection import Connection
from .errors import ApiRefusal, LiveError, Rule

DURATION_SECONDS = 10
"""How long a lease holds that is not renewed."""

RENEW_SECONDS = 2.0
HOLD_SECONDS = 7.0
"""The holder stops acting so long after it last began to renew with success: before the lease ends."""

TIMEOUT_SECONDS = 3.0

_RESOURCE = "leases.coordination.k8s.io"
_CONFLICT, _NOT_FOUND = 409, 404

_ACCOUNT_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("extender.lease")


class _Spec(msgspec.Struct, gc=False, rename="camel"):
    holder_identity: str | None = None
    renew_time: str | None = None
    acquire_time: str | None = None
    lease_duration_seconds: int | None = None
    lease_transitions: int | None = None


class _Metadata(msgspec.Struct, gc=False, rename="camel"):
    resource_version: str = ""


class _Lease(msgspec.Struct, gc=False):
    metadata: _Metadata
    spec: _Spec | None = None


_LEASE = msgspec.json.Decoder(_Lease)


class Lease:
    """
    The Lease ``name`` in ``namespace``, which ``identity`` wants to hold.

    ``clock`` is in seconds and does not go back; ``random`` returns 0 to 1.
    """

    def __init__(
        self,
        connection: Connection,
        namespace: str,
        name: str,
        identity: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        random: Callable[[], float] = randomness.random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._connection, self._identity = connection, identity
        self._namespace, self._name = namespace, name
        self._collection = f"/apis/coordination.k8s.io/v1/namespaces/{quote(namespace, safe='')}/leases"
        self._clock, self._now, self._random, self._sleep = clock, now, random, sleep
        self._held_until = float("-inf")
        # The lease as we last saw it change, and when.
        self._seen: tuple[str, float] = ("", float("-inf"))
        self._problem = ""

    @property
    def held(self) -> bool:
        """Whether we hold the lease, and nobody else can."""
        return self._clock() < self._held_until

    async def run(self) -> NoReturn:
        """Take the lease as soon as it is free, and renew it, until cancelled."""
        while True:
            before = self.held
            await self.step()
            if self.held != before:
                log.info("holding the lease" if self.held else "not holding the lease", lease=self._title)
            await self._sleep(RENEW_SECONDS * (0.8 + 0.4 * self._random()))

    async def step(self) -> None:
        """Look at the lease once, and take or renew it where that is possible. Never raises."""
        began = self._clock()
        try:
            if await self._hold():
                self._held_until = began + HOLD_SECONDS
            self._problem = ""
        except LiveError as error:
            if isinstance(error, ApiRefusal) and error.status == _CONFLICT:
                # Somebody else wrote it between our look and our write: look again.
                return
            if not self._problem:
                log.warning("cannot hold the lease", lease=self._title, problem=str(error))
            self._problem = str(error)

    async def release(self) -> None:
        """Let another replica take over at once; call it when nothing is written any more."""
        if not self.held:
            return
        self._held_until = float("-inf")
        try:
            lease = await self._get()
            if lease is not None and _holder(lease) == self._identity:
                await self._put(lease, holder="")
        except LiveError as error:
            log.info("the lease was not released and will end by itself", problem=str(error))

    @property
    def _title(self) -> str:
        return f"{self._namespace}/{self._name}"

    @property
    def _path(self) -> str:
        return f"{self._collection}/{quote(self._name, safe='')}"

    async def _hold(self) -> bool:
        """Whether the lease is ours now. Raises ``LiveError``."""
        lease = await self._get()
        if lease is None:
            body = self._body("", self._identity, self._stamp(), 0)
            rule = Rule("create", _RESOURCE)
            await self._connection.post(self._collection, body, rule, timeout_seconds=TIMEOUT_SECONDS)
            return True
        version = lease.metadata.resource_version
        if version != self._seen[0]:
            self._seen = version, self._clock()
        holder = _holder(lease)
        duration = (lease.spec and lease.spec.lease_duration_seconds) or DURATION_SECONDS
        if holder not in ("", self._identity) and self._clock() - self._seen[1] < duration:
            self._held_until = float("-inf")
            return False
        await self._put(lease, holder=self._identity)
        return True

    async def _get(self) -> _Lease | None:
        try:
            body = await self._connection.get(
                self._path, {}, Rule("get", _RESOURCE), timeout_seconds=TIMEOUT_SECONDS
            )
        except ApiRefusal as refusal:
            if refusal.status == _NOT_FOUND:
                return None
            raise
        try:
            return _LEASE.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise LiveError(f"the lease {self._title} cannot be read: {error}; delete it") from error

    async def _put(self, lease: _Lease, *, holder: str) -> None:
        spec = lease.spec or _Spec()
        same = holder == _holder(lease)
        acquired = spec.acquire_time if same and spec.acquire_time else self._stamp()
        transitions = (spec.lease_transitions or 0) + (0 if same or not holder else 1)
        body = self._body(lease.metadata.resource_version, holder, acquired, transitions)
        await self._connection.put(
            self._path, body, Rule("update", _RESOURCE), timeout_seconds=TIMEOUT_SECONDS
        )

    def _body(self, version: str, holder: str, acquired: str, transitions: int) -> dict[str, object]:
        metadata = {"name": self._name, "namespace": self._namespace}
        if version:
            metadata["resourceVersion"] = version
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": metadata,
            "spec": {
                "holderIdentity": holder,
                "leaseDurationSeconds": DURATION_SECONDS,
                "acquireTime": acquired,
                "renewTime": self._stamp(),
                "leaseTransitions": transitions,
            },
        }

    def _stamp(self) -> str:
        return self._now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _holder(lease: _Lease) -> str:
    return (lease.spec and lease.spec.holder_identity) or ""


def own_namespace() -> str:
    """The namespace of the service account that the process runs as; ``default`` outside a cluster."""
    try:
        return _ACCOUNT_NAMESPACE.read_text(encoding="utf-8").strip() or "default"
    except OSError:
        return "default"
