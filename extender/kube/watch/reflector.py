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

import msgspec
import structlog

from extender.core.cluster.changes import Changes
from extender.model import Claim
from extender.model.kinds import Key

from ..api.backoff import Backoff
from ..api.connection import Connection, Parameters
from ..api.errors import ApiRefusal, LiveError, Rule
from ..api.list_pages import list_pages
from ..decode import DecodeError, Interner
from ..decode.object_head import object_head
from ..decode.readings import Reading
from ..decode.resources import Resource
from ..encode import claim_json
from .events import ReflectorState, Sink
from .time_slice import TimeSlice
from .unreadable import Unreadable
from .watch_lines import LineSplitter, WatchEvent, WatchLineError, watch_event

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
    Reports the objects of ``resource`` to ``sink``.

    ``interner`` and ``work`` are best shared by all reflectors of one event loop. ``keep_json``: the changes
    hold each object as the server sent it, too. ``readings`` of the same objects go to ``reader`` once
    ``sink`` has the objects. ``clock`` is in seconds, ``random`` returns 0 to 1.
    """

    def __init__(
        self,
        connection: Connection,
        resource: Resource,
        sink: Sink,
        interner: Interner,
        *,
        work: TimeSlice | None = None,
        keep_json: bool = False,
        readings: Sequence[Reading] = (),
        reader: Sink | None = None,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = randomness.random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.state = ReflectorState(resource.kind.name)
        self._connection, self._resource, self._sink, self._interner = connection, resource, sink, interner
        self._work, self._keep_json = work or TimeSlice(), keep_json
        self._readings, self._reader = readings, reader
        self._clock, self._random, self._sleep = clock, random, sleep
        self._backoff = Backoff(random)
        self._unreadable = Unreadable(self.state)
        self._path = ""
        # Where to go on watching; empty: list first.
        self._version = ""
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
                wait = self._failed(f"{self._cannot_watch}: {error}")
            if wait:
                await self._sleep(wait)

    async def _list(self) -> None:
        """List in the newest version that is served; where an optional kind is not, there are none."""
        batch = _Batch()
        unreadable: set[Key] = set()
        path = version = ""
        async with list_pages(self._connection, self._resource) as pages:
            async for page in pages:
                self.state.last_contact = self._clock()
                if page.first:
                    batch, unreadable, path, version = _Batch(), set(), page.path, page.version
                await self._decode(page.items, batch, unreadable)
        self._unreadable.keep(unreadable)
        if path:
            self.state.served = True
            self._path, self._version = path, version
            self._report(batch, complete=True)
            self.state.relists += self._listed
            self._listed = self.state.synced = True
            return
        if self.state.served:
            log.info(
                "the API server does not serve this optional kind; checking again every 150 to 300 s",
                kind=self.state.kind,
            )
            self.state.served = False
            self._report(batch, complete=True)
        self._succeeded()

    async def _decode(self, items: Sequence[msgspec.Raw], batch: _Batch, unreadable: set[Key]) -> None:
        """Put the objects of a page into the batch, and the keys of those that cannot be read apart."""
        async with self._work:
            for item in items:
                try:
                    key, value = self._resource.read(item, self._interner)
                except DecodeError as error:
                    head = object_head(item)
                    key = self._resource.kind.key_of(head.namespace, head.name)
                    unreadable.add(key)
                    self._unreadable.add(key, error)
                    if error.remains is not None:
                        batch.put(key, error.remains, self._remains_json(error.remains))
                else:
                    batch.put(key, value, item if self._keep_json else None)
                    self._read_again(item, batch)
                await self._work.pause()

    async def _watch(self) -> float:
        """Follow one watch to its end and return the seconds to wait before the next."""
        opened, heard, lines = self._clock(), False, LineSplitter()
        parameters: Parameters = {"resourceVersion": self._version, "allowWatchBookmarks": True}
        rule, seconds = Rule("watch", self._resource.kind.resource), self._between(WATCH_SECONDS)
        try:
            async with self._connection.watch(self._path, parameters, rule, seconds=seconds) as chunks:
                self._succeeded()
                async for chunk in chunks:
                    complete = lines.feed(chunk)
                    await self._take(complete)
                    heard = heard or bool(complete)
        finally:
            worked = heard or self._clock() - opened >= SHORT_WATCH_SECONDS
            if worked:
                self._backoff.reset()
        return 0.0 if worked else self._failed(f"{self._cannot_watch}: the server ends each watch at once")

    async def _take(self, lines: Sequence[bytes]) -> None:
        """
        Deliver the events of ``lines`` in one go, the last state of each object.

        Raises ``WatchLineError`` or ``LiveError`` for the first line that is no
        change, after those before it are delivered.
        """
        batch = _Batch()
        version = self._version
        failure: Exception | None = None
        async with self._work:
            for line in lines:
                try:
                    event = watch_event(line)
                    if event.type == "ERROR":
                        raise self._stream_error(event)
                    if event.type != "BOOKMARK":
                        self._put(event, batch)
                except (WatchLineError, LiveError) as error:
                    failure = error
                    break
                version = event.version
                await self._work.pause()
        if batch.objects:
            self._report(batch)
        self._version = version
        if lines:
            self.state.last_contact = self._clock()
        if failure is not None:
            raise failure

    def _put(self, event: WatchEvent, batch: _Batch) -> None:
        """
        Put the object into the batch, ``None`` if it is gone; what cannot be read is as good as gone, but
        for the devices that it holds.

        Raises ``WatchLineError`` where what cannot be read is the object's namespace, too.
        """
        key = self._resource.kind.key_of(event.namespace, event.name)
        value: object | None = None
        if event.type != "DELETED":
            try:
                _, value = self._resource.read(event.object, self._interner)
            except DecodeError as error:
                if self._resource.kind.namespaced and not event.namespace:
                    raise WatchLineError(f"the server sent an object without a namespace: {error}") from error
                self._unreadable.add(key, error)
                batch.put(key, error.remains, self._remains_json(error.remains))
                self._put_gone(key, batch)
                return
        self._unreadable.forget(key)
        batch.put(key, value, event.object if self._keep_json else None)
        if value is None:
            self._put_gone(key, batch)
        else:
            self._read_again(event.object, batch)

    def _read_again(self, item: msgspec.Raw, batch: _Batch) -> None:
        """Put the other readings of an object; one that cannot be read is as good as gone."""
        for reading in self._readings:
            try:
                key, value = reading.read(item, self._interner)
            except DecodeError:
                head = object_head(item)
                key, value = reading.kind.key_of(head.namespace, head.name), None
            batch.readings.setdefault(reading.kind.name, {})[key] = value

    def _put_gone(self, key: Key, batch: _Batch) -> None:
        for reading in self._readings:
            batch.readings.setdefault(reading.kind.name, {})[key] = None

    def _remains_json(self, value: object | None) -> msgspec.Raw | None:
        """What could be read of an object, as JSON that can be read."""
        if not (self._keep_json and isinstance(value, Claim)):
            return None
        return msgspec.Raw(msgspec.json.encode(claim_json(value)))

    def _report(self, batch: _Batch, *, complete: bool = False) -> None:
        kind = self.state.kind
        self._sink.apply(
            Changes(
                {kind: batch.objects},
                frozenset((kind,)) if complete else frozenset(),
                {kind: batch.json} if batch.json else {},
            )
        )
        if self._reader is not None and self._readings:
            names = frozenset(reading.kind.name for reading in self._readings)
            self._reader.apply(Changes(batch.readings, names if complete else frozenset()))

    def _stream_error(self, event: WatchEvent) -> ApiRefusal:
        text = f"{event.message or 'an error without a message'} ({event.code}); try again"
        return ApiRefusal(f"{self._cannot_watch}: {text}", event.code)

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
            log.warning("cannot list or watch", kind=self.state.kind, problem=problem)
        self.state.problem = problem
        self.state.failures += 1
        return self._backoff.next(at_least)

    def _succeeded(self) -> None:
        """The server answers, and lets us follow."""
        self.state.last_contact = self._clock()
        self.state.synced = True
        if self.state.problem:
            log.info("listing and watching work again", kind=self.state.kind)
            self.state.problem = ""

    @property
    def _cannot_watch(self) -> str:
        return f"{self._connection.host}: cannot {Rule('watch', self._resource.kind.resource)}"

    def _between(self, seconds: tuple[float, float]) -> float:
        least, most = seconds
        return least + self._random() * (most - least)


class _Batch:
    """
    The last state of each object of a list or of some events, its JSON where that is kept, and its other
    readings by their kind's name.
    """

    __slots__ = ("json", "objects", "readings")

    def __init__(self) -> None:
        self.objects: dict[Key, object | None] = {}
        self.readings: dict[str, dict[Key, object | None]] = {}
        self.json: dict[Key, bytes] = {}

    def put(self, key: Key, value: object | None, json: msgspec.Raw | None = None) -> None:
        self.objects[key] = value
        if value is None or json is None:
            self.json.pop(key, None)
        else:
            self.json[key] = bytes(json)
