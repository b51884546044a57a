"""
Follows all objects of one kind, as client-go's Reflector does.

A list, then watches that go on from its resourceVersion; a new list only where the
server has forgotten that version. Differences: every object is decoded on its own,
and one that cannot be read does not stop the rest.

Source: k8s.io/client-go tools/cache reflector.go, v0.36.
"""

from __future__ import annotations

import asyncio
import random as randomness
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import NoReturn

import structlog

from ..api.backoff import Backoff
from ..api.connection import Connection, Parameters
from ..api.errors import ApiRefusal, LiveError
from ..decode import DecodeError, Interner
from .events import Key, ReflectorState, Sink
from .list_pages import list_pages
from .resources import Resource
from .time_slice import TimeSlice
from .unreadable import Unreadable
from .watch_lines import LineSplitter, WatchEvent, WatchLineError, item_key, watch_event

WATCH_SECONDS = (240.0, 300.0)
"""Watches last a random time between these, so that those of many kinds do not end together."""

SHORT_WATCH_SECONDS = 1.0
"""A watch that ends sooner without a word is a failure, as in client-go."""

RECHECK_SECONDS = (150.0, 300.0)
"""When to ask again whether an optional kind is served."""

_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _GONE = 401, 403, 404, 410

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("extender.reflector")


class Reflector:
    """
    Tells ``sink`` the objects of ``resource``.

    ``interner`` and ``work`` are best shared by all reflectors of one event loop.
    ``clock`` is in seconds, ``random`` returns 0 to 1.
    """

    def __init__(
        self,
        connection: Connection,
        resource: Resource,
        sink: Sink,
        interner: Interner,
        *,
        work: TimeSlice | None = None,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = randomness.random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.state = ReflectorState(resource.kind)
        self._connection, self._resource, self._sink, self._interner = connection, resource, sink, interner
        self._work = work or TimeSlice()
        self._clock, self._random, self._sleep = clock, random, sleep
        self._backoff = Backoff(random)
        self._unreadable = Unreadable(self.state)
        self._prefix = ""
        self._version = ""
        """Where to go on watching; empty: list first."""
        self._listed = False

    async def run(self) -> NoReturn:
        """
        List and watch until cancelled.

        Never raises of itself, whatever the server does; what ``sink`` raises ends it.
        A first list of thousands of objects creates no garbage: callers save half
        its time with ``gc.disable()`` until all reflectors are synced, then
        ``gc.freeze()``, ``gc.enable()``.
        """
        while True:
            try:
                if not self._version:
                    await self._list()
                wait = await self._watch() if self._version else self._between(RECHECK_SECONDS)
            except ApiRefusal as refusal:
                wait = self._refused(refusal)
            except LiveError as error:
                wait = self._failed(str(error))
            except WatchLineError as error:
                # The next events would be read without this one: only a list is sure to be complete.
                self._version = ""
                wait = self._failed(f"{self._cannot('watch')}: {error}")
            if wait:
                await self._sleep(wait)

    async def _list(self) -> None:
        """List in the newest version that is served; where an optional kind is not, there are none."""
        missing: ApiRefusal | None = None
        for prefix in self._resource.group_version_paths:
            try:
                await self._list_version(prefix)
            except ApiRefusal as refusal:
                if refusal.status != _NOT_FOUND:
                    raise
                missing = refusal
            else:
                self._prefix = prefix
                return
        if not self._resource.optional:
            assert missing is not None
            raise missing
        if self.state.served:
            log.info(
                "the API server does not serve this optional kind; checking again every 150 to 300 s",
                kind=self._resource.kind,
            )
            self.state.served = False
            self._unreadable.keep(set())
            self._sink.replace(self._resource.kind, [])
        self._succeeded()

    async def _list_version(self, prefix: str) -> None:
        resource, rule = self._resource, self._resource.rule("list")
        path = f"{prefix}/{resource.plural}"

        async def get(parameters: Parameters) -> bytes:
            return await self._connection.get(path, parameters, rule)

        objects: list[object] = []
        unreadable: set[Key] = set()
        version = ""
        async for page in list_pages(get, self._cannot("list")):
            self.state.last_contact = self._clock()
            if page.first:
                objects, unreadable, version = [], set(), page.version
            async with self._work:
                for item in page.items:
                    try:
                        objects.append(resource.decode(item, self._interner))
                    except DecodeError as error:
                        key = self._key(*item_key(item))
                        unreadable.add(key)
                        self._unreadable.add(key, error)
                    await self._work.pause()
        self.state.served = True
        self._unreadable.keep(unreadable)
        self._version = version
        self._sink.replace(resource.kind, objects)
        self.state.relists += self._listed
        self._listed = self.state.synced = True

    async def _watch(self) -> float:
        """Follow one watch to its end and return the seconds to wait before the next."""
        opened, heard, lines = self._clock(), False, LineSplitter()
        path = f"{self._prefix}/{self._resource.plural}"
        parameters: Parameters = {"resourceVersion": self._version, "allowWatchBookmarks": True}
        rule, seconds = self._resource.rule("watch"), self._between(WATCH_SECONDS)
        try:
            async with self._connection.watch(path, parameters, rule, seconds=seconds) as chunks:
                self._succeeded()
                async for chunk in chunks:
                    complete = lines.feed(chunk)
                    await self._take(complete)
                    heard = heard or bool(complete)
        finally:
            worked = heard or self._clock() - opened >= SHORT_WATCH_SECONDS
            if worked:
                self._backoff.reset()
        return 0.0 if worked else self._failed(f"{self._cannot('watch')}: the server ends each watch at once")

    async def _take(self, lines: Sequence[bytes]) -> None:
        """
        Deliver the events of ``lines`` in one go, the last state of each object.

        Raises ``WatchLineError`` or ``LiveError`` for the first line that is no
        change, after those before it are delivered.
        """
        changes: dict[Key, object | None] = {}
        version = self._version
        failure: Exception | None = None
        async with self._work:
            for line in lines:
                try:
                    event = watch_event(line)
                    if event.type == "ERROR":
                        raise self._stream_error(event)
                except (WatchLineError, LiveError) as error:
                    failure = error
                    break
                version = event.version
                if event.type != "BOOKMARK":
                    key = self._key(event.namespace, event.name)
                    changes[key] = self._changed(key, event)
                await self._work.pause()
        if changes:
            self._sink.apply(
                self._resource.kind,
                [value for value in changes.values() if value is not None],
                [key for key, value in changes.items() if value is None],
            )
        self._version = version
        if lines:
            self.state.last_contact = self._clock()
        if failure is not None:
            raise failure

    def _changed(self, key: Key, event: WatchEvent) -> object | None:
        """Return the object, ``None`` if it is gone; what cannot be read is as good as gone."""
        value: object | None = None
        if event.type != "DELETED":
            try:
                value = self._resource.decode(event.object, self._interner)
            except DecodeError as error:
                self._unreadable.add(key, error)
                return None
        self._unreadable.forget(key)
        return value

    def _stream_error(self, event: WatchEvent) -> ApiRefusal:
        text = f"{event.message or 'an error without a message'} ({event.code}); try again"
        return ApiRefusal(f"{self._cannot('watch')}: {text}", event.code)

    def _refused(self, refusal: ApiRefusal) -> float:
        """
        Return the seconds to wait.

        410: the server has forgotten our version. 404: it does not serve the kind
        where it did. Both need a list.
        """
        watched = bool(self._version)
        if refusal.status in (_GONE, _NOT_FOUND):
            self._version = ""
        if watched and refusal.status == _GONE:  # the course of things, no problem
            return self._backoff.next()
        if refusal.status in (_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND):
            self.state.synced = False
        return self._failed(str(refusal), refusal.retry_after_seconds)

    def _failed(self, problem: str, at_least: float = 0.0) -> float:
        """Say ``problem`` once, and return the seconds to wait."""
        if problem != self.state.problem:
            log.warning("cannot list or watch", kind=self._resource.kind, problem=problem)
        self.state.problem = problem
        self.state.restarts += 1
        return self._backoff.next(at_least)

    def _succeeded(self) -> None:
        """The server answers, and lets us follow."""
        self.state.last_contact = self._clock()
        self.state.synced = True
        if self.state.problem:
            log.info("listing and watching work again", kind=self._resource.kind)
            self.state.problem = ""

    def _cannot(self, verb: str) -> str:
        return f"{self._connection.host}: cannot {self._resource.rule(verb)}"

    def _key(self, namespace: str, name: str) -> Key:
        return (namespace, name) if self._resource.namespaced else name

    def _between(self, seconds: tuple[float, float]) -> float:
        least, most = seconds
        return least + self._random() * (most - least)
