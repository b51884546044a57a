"""
Mutated objects of every kind, as an API server would send them::

    python -m tests.attacks.fuzz_objects --count 100000 --seed 1
    python -m tests.attacks.fuzz_objects --count 100000 --seed 1 --dump

Live: the service follows an API server that sends mutated objects in watches, some in lists, and now and
then a line that is no event. After each batch it sends the objects as they were; then the service must be
alive, and answer a good request as it did at first. ``--dump``: what reads dumps must decode each document
or refuse it in the one way it has. Memory may grow by a fifth at most in the second half of a run; before,
it rises in steps with the largest objects, of some MB. The same seed makes the same objects.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from extender.core.cluster.snapshot import Snapshot
from extender.core.releases.history import release_for
from extender.kube.decode import DecodeError
from extender.kube.files.cluster import ClusterBuilder
from tests.attacks import fuzz
from tests.attacks.fuzz import Report, mutated
from tests.attacks.live_api import PATHS, LiveApi, key_of
from tests.attacks.service import Service, bodies, cluster_objects, serving_live
from tests.process_memory import memory_mib

BATCH = 250
SPOILT_EVERY = 8
"""Batches, of which one has a line that is no event; each costs a pause of a second, and a new list."""

LISTED_EVERY = 4
"""Batches, of which one has a kind listed again, with some objects mutated in the list."""

RIGHT_AGAIN_SECONDS = 60.0
HEAD = ("name", "namespace", "resourceVersion")
"""What names an object and its state: without it an event cannot be told from another."""


@dataclass(slots=True)
class Objects:
    """The right objects of a cluster by kind and key, as documents."""

    documents: list[dict[str, Any]] = field(default_factory=cluster_objects)

    def pick(self, rng: random.Random) -> dict[str, Any]:
        document = rng.choice(self.documents)
        metadata = {**document["metadata"], "resourceVersion": "101"}
        return {**document, "metadata": metadata}


def mutated_object(rng: random.Random, document: dict[str, Any]) -> bytes:
    """The object, wrong in some way and not spoilt as JSON, but still with its own name."""
    while True:
        # What is no JSON may still be a value: NaN, 1e999, deep nesting. Brackets and quotes are right.
        data = mutated(rng, json.dumps({"spec": {}, "status": {}, **document}).encode(), spoil=False)
        if b"\n" not in data and _names(data) == [document["metadata"].get(name) for name in HEAD]:
            return data


def _names(data: bytes) -> list[Any]:
    # Python reads what msgspec refuses, such as NaN; what it refuses too is not sent.
    try:
        metadata = json.loads(data.decode("utf-8", "surrogatepass"))["metadata"]
        return [metadata.get(name) for name in HEAD]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return []


def run_live(service: Service, api: LiveApi, count: int, seed: int) -> Report:
    """Send ``count`` mutated objects in batches."""
    rng, report, objects = random.Random(seed), Report(settled=0.5), Objects()
    good = bodies()["filter"][:6]
    expected = [service.post("/explain", body) for body in good]
    sent = batch = 0
    while sent < count:
        lines: dict[str, list[bytes]] = {kind: [] for kind in PATHS}
        again: dict[str, dict[Any, bytes]] = {kind: {} for kind in PATHS}
        listed = rng.choice(list(PATHS)) if batch % LISTED_EVERY == 0 else ""
        before = dict(api.objects[listed]) if listed else {}
        for _ in range(min(BATCH, count - sent)):
            document = objects.pick(rng)
            kind, key, data = document["kind"], key_of(document), mutated_object(rng, document)
            sent += 1
            report.statuses[kind] += 1
            again[kind][key] = json.dumps(document).encode()
            if kind == listed:
                api.objects[kind][key] = data
            event = rng.choice((b"ADDED", b"MODIFIED", b"MODIFIED", b"DELETED"))
            lines[kind].append(b'{"type":"%s","object":%s}\n' % (event, data))
        if batch % SPOILT_EVERY == 0:
            kind = rng.choice(list(PATHS))
            lines[kind].append(mutated(rng, b'{"type":"ADDED","object":{}}', spoil=True) + b"\n")
        for kind, all_lines in lines.items():
            api.send(kind, b"".join(all_lines))
        if listed:
            api.end_watches(listed)
            time.sleep(0.1)
            _until(partial(api.is_watched, listed), 30)
            api.objects[listed] = before
        right = False
        deadline = time.monotonic() + RIGHT_AGAIN_SECONDS
        while not right and time.monotonic() < deadline:
            for kind, documents in again.items():
                api.send(
                    kind,
                    b"".join(b'{"type":"MODIFIED","object":%s}\n' % data for data in documents.values()),
                )
            right = [service.post("/explain", body) for body in good] == expected
            if not right:
                time.sleep(0.05)
        if not right:
            report.wrong.append(f"after {sent}: good requests are answered otherwise")
        status, _ = service.post("/prioritize", good[batch % len(good)])
        if status != 200:
            report.wrong.append(f"after {sent}: prioritize answers {status}")
        report.memory_mib.append(service.resident_mib())
        batch += 1
    return report


def _until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)


def run_dump(count: int, seed: int) -> Report:
    """Read ``count`` mutated documents, spoilt ones among them; each 500 readable ones make a snapshot."""
    rng, report, objects = random.Random(seed), Report(settled=0.5), Objects()
    release = release_for("1.36.2")
    builder, readable = ClusterBuilder(), 0
    for number in range(count):
        document = {"apiVersion": "", **objects.pick(rng)}
        data = mutated(rng, json.dumps(document).encode())
        try:
            builder.add(data)
        except DecodeError as error:
            report.statuses[f"{document['kind']} refused"] += 1
            if len(str(error)) > 30_000:
                report.wrong.append(f"{number}: a long error: {str(error)[:200]}")
            continue
        except Exception as error:  # noqa: BLE001 - any other is what is looked for
            report.wrong.append(f"{number}: {error!r:.200} for {data[:200]!r}")
            continue
        report.statuses[f"{document['kind']} read"] += 1
        readable += 1
        if readable % 500 == 0:
            try:
                Snapshot.of_objects(builder.build().objects, release)
            except Exception as error:  # noqa: BLE001 - the same
                report.wrong.append(f"{number}: no snapshot: {error!r:.200}")
            builder = ClusterBuilder()
            report.memory_mib.append(memory_mib(os.getpid()))
    report.memory_mib.append(memory_mib(os.getpid()))
    return report


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.attacks.fuzz_objects")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dump", action="store_true", help="read documents instead of following a cluster")
    args = parser.parse_args()
    started = time.monotonic()
    if args.dump:
        report, counts = run_dump(args.count, args.seed), Counter[str]()
    else:
        with contextlib.ExitStack() as stack:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            api = stack.enter_context(LiveApi(cluster_objects()).serving())
            service = stack.enter_context(serving_live(directory, api))
            report = run_live(service, api, args.count, args.seed)
            counts = Counter(
                {
                    name: int(sum(service.metric(f'{name}{{kind="{kind}"}}') for kind in PATHS))
                    for name in ("decode_errors_total", "reflector_failures_total", "reflector_lists_total")
                }
            )
            counts["log bytes"] = service.log.stat().st_size
    fuzz.show(report, f"{args.count:,} objects", time.monotonic() - started, counts)
    return int(bool(report.wrong) or not report.flat)


if __name__ == "__main__":
    sys.exit(main())
