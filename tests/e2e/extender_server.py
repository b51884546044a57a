"""``dra-extender serve`` in a process of its own, and what its metrics say."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.api import Api, Object
from tests.e2e.process import NotReady, Process, start
from tests.e2e.releases import MINOR, RELEASES, SCHEDULER_ONLY

DUMPED = ("Node", "DeviceClass", "ResourceSlice", "ResourceClaim", "Pod")
START_SECONDS = 90.0
EVENT_SECONDS = 90.0


@dataclass(frozen=True, slots=True, eq=False)
class Extender:
    """A server of ours; ``url`` is what a scheduler's ``urlPrefix`` wants."""

    url: str
    process: Process

    def metric(self, name: str, **labels: str) -> float:
        """The sum of the samples called ``name``, without our prefix, that carry ``labels``; 0 for none."""
        return sum(value for given, value in self.samples(name) if labels.items() <= given.items())

    def samples(self, name: str) -> list[tuple[dict[str, str], float]]:
        """Labels and value of each sample called ``name``, without our prefix, as of one moment."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=10) as response:
            text = response.read().decode()
        return [
            (sample.labels, sample.value)
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == f"dra_extender_{name}"
        ]

    def answered(self, verb: str, result: str = "ok") -> int:
        """How many requests of a verb were answered well, or with another result."""
        return int(self.metric("request_duration_seconds_count", verb=verb, result=result))

    def matches(self, **labels: str) -> int:
        """How many allocated claims were compared with what was predicted."""
        return int(self.metric("prediction_matches_total", **labels))

    def mismatches(self) -> list[Object]:
        """The newest of those that differ."""
        with urllib.request.urlopen(f"{self.url}/debug/mismatches", timeout=10) as response:
            found: list[Object] = json.loads(response.read())["mismatches"]
            return found

    def checks(self) -> str:
        """What it says of each kind that it follows, one a line."""
        try:
            with urllib.request.urlopen(f"{self.url}/readyz?verbose", timeout=10) as response:
                text: str = response.read().decode()
        except urllib.error.HTTPError as error:
            text = error.read().decode()
        return text


@contextlib.contextmanager
def serving(directory: Path, *options: str | Path) -> Iterator[Extender]:
    """
    Serve on a free port until the block ends; ``options`` say what. The log goes to ``directory``.

    Where the API server is of another minor than the scheduler, it is told which the scheduler is.
    """
    log = directory / "extender.log"
    log.write_bytes(b"")
    command = [sys.executable, "-m", "extender", "serve", "--listen", "127.0.0.1:0", "--drain-seconds", "0"]
    if MINOR in SCHEDULER_ONLY:
        command += ["--kubernetes", RELEASES[MINOR]]
    process = start("extender", [*command, *options], log)
    try:
        yield Extender(_url(process), process)
    finally:
        process.stop()


def ready(extender: Extender) -> bool:
    """Whether new requests should come to it."""
    try:
        with urllib.request.urlopen(f"{extender.url}/readyz", timeout=10) as response:
            return bool(response.status == 200)
    except urllib.error.HTTPError:
        return False


async def until(condition: Callable[[], object], what: str) -> None:
    """Wait for what the extender learns from an event that is on its way; ``NotReady``."""
    try:
        async with asyncio.timeout(EVENT_SECONDS):
            while not condition():  # noqa: ASYNC110 - another process makes it true
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise NotReady(f"{what}: not within {EVENT_SECONDS:g} s") from None


async def dump(api: Api, path: Path) -> Path:
    """Write to ``path`` what ``kubectl get`` and ``kubectl version`` print about the cluster; the path."""
    version = await api.request("GET", "/version")
    items = [item for kind in DUMPED for item in await api.list_all(kind)]
    documents = [{"serverVersion": version}, {"apiVersion": "v1", "kind": "List", "items": items}]
    path.write_text("\n".join(map(json.dumps, documents)), encoding="utf-8")  # noqa: ASYNC240  nothing else runs
    return path


def _url(process: Process) -> str:
    """The address that the server prints once it accepts requests."""
    deadline = time.monotonic() + START_SECONDS
    while process.popen.poll() is None and time.monotonic() < deadline:
        printed = re.search(r" on (http://127\.0\.0\.1:\d+)\n", process.log.read_text(encoding="utf-8"))
        if printed:
            return printed[1]
        time.sleep(0.05)
    raise NotReady(f"the extender does not serve; its log:\n{process.tail()}")
