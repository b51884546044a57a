"""
Mutated requests of every verb, over kept connections::

    python -m tests.attacks.fuzz --count 100000 --seed 1
    python -m tests.attacks.fuzz --count 100000 --seed 1 --live

The service reads a dump, or with ``--live`` follows an API server that shows the claims of the requests
and none of their pods. Each answer must be a designed one: 200 in the verb's form, or a 400 or 413 with
``error``, ``field`` and ``fix``. Every 200 requests (live: 2,000, when what was assumed has expired) good
ones must get the answers that they got at first. Memory may grow by a fifth at most after the first tenth
of the requests. The same seed makes the same requests.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import http.client
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from extender.service.live.unconfirmed_pods import UNCONFIRMED_SECONDS
from tests.attacks.live_api import LiveApi
from tests.attacks.service import Service, bodies, cluster_objects, serving, serving_live

GOOD_EVERY = 200
GOOD_EVERY_LIVE = 2000
EXPIRY_SECONDS = UNCONFIRMED_SECONDS + 1.5
"""Until nothing is assumed any more of pods that the API does not show."""

GROWTH = 1.2
SLACK_MIB = 12.0
"""What an allocator may take at once, however little is kept."""
DESIGNED = frozenset({200, 400, 413})

VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 2**31, 2**53, 2**63 - 1, 2**63, 2**64, -(2**63) - 1, 10**30, 1.5, 1e308),
    *(
        "",
        " ",
        "0",
        "-1",
        "1e999",
        "9" * 5000,
        "1Ei",
        "0x10",
        "NaN",
        "\u0000",
        "../../etc/passwd",
        "a\r\nX: y",
    ),
    *("\u202e", "\U0001f600", "{{7*7}}", "<script>", '"', "\\", "%s%n", "x" * 20_000),
    *([], {}, [None], [[]], {"": ""}, [1, "a"], {"a": {"b": []}}),
)
TEXTS = (
    *(b"NaN", b"-Infinity", b"1e999", b"01", b"+1", b".5", b"0x10", b"9" * 5000, b'"\\ud800"', b'"\\u0000"'),
    *(
        b'"\\x41"',
        b'"a\tb"',
        b"'a'",
        b"tru",
        b"[1,]",
        b'{"a":1,}',
        b"{1:2}",
        b"/*c*/1",
        b"\xef\xbb\xbf1",
        b"",
    ),
    *(b"[" * 500 + b"]" * 500, b"[" * 2000, b'{"a":' * 1000 + b"1" + b"}" * 1000, b"[" * 100_000),
)
"""What is no JSON, or hardly."""
PIECES = (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\x00", b"\\", b'"', b"{", b"]", b",", b"\xf5")
MARK = "\ue000the place of a text"


@dataclass(slots=True)
class Report:
    """
    What was answered; ``wrong`` are the answers that are not designed.

    ``settled``: after which part of the run memory may grow by a fifth at most.
    """

    statuses: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    memory_mib: list[float] = field(default_factory=list)
    settled: float = 0.1

    @property
    def flat(self) -> bool:
        """Whether memory stayed within a fifth of what it was when it had settled."""
        early = self.memory_after(self.settled)
        return self.memory_mib[-1] <= max(early * GROWTH, early + SLACK_MIB)

    def memory_after(self, part: float) -> float:
        """MiB after this part of the run."""
        return self.memory_mib[min(int(len(self.memory_mib) * part), len(self.memory_mib) - 1)]


def mutated(rng: random.Random, body: bytes, *, spoil: bool | None = None) -> bytes:
    """
    A request or an object that is wrong in some way, or in none.

    ``spoil``: whether single bytes are wrong, so that it may be no JSON; ``None``: sometimes.
    """
    if spoil or (spoil is None and rng.random() < 0.3):
        return _spoilt(rng, body)
    document = json.loads(body)
    text = b""
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        places = list(_places(document))
        if not places:
            break
        holder, key = rng.choice(places)
        new, text = _replacement(rng, holder[key], text)
        holder[key] = new
    encoded = json.dumps(document, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return encoded.replace(json.dumps(MARK).encode(), text)


def _replacement(rng: random.Random, old: Any, text: bytes) -> tuple[Any, bytes]:
    kind = rng.randrange(10)
    if kind < 4:
        return copy.deepcopy(rng.choice(VALUES)), text
    if kind < 6:
        return MARK, rng.choice(TEXTS)
    if kind == 6:
        return [copy.deepcopy(old) for _ in range(rng.choice((2, 10, 300)))], text
    if kind == 7 and isinstance(old, dict) and old:
        kept = dict(old)
        del kept[rng.choice(list(kept))]
        return kept, text
    if kind == 8 and isinstance(old, dict):
        key = rng.choice(("x" * 3000, "", "metadata", "spec", "Pod", "\u0000", "a.b[0]", "$.x", "`"))
        return {**old, key: copy.deepcopy(rng.choice(VALUES))}, text
    return {"a": old}, text


def _places(document: Any) -> Iterator[tuple[Any, Any]]:
    keys = (
        document if isinstance(document, dict) else range(len(document)) if isinstance(document, list) else ()
    )
    for key in keys:
        yield document, key
        yield from _places(document[key])


def _spoilt(rng: random.Random, body: bytes) -> bytes:
    data = bytearray(body)
    for _ in range(rng.choice((1, 2, 5, 20))):
        at = rng.randrange(len(data) + 1)
        kind = rng.randrange(4)
        if kind == 0:
            data[at : at + 1] = bytes([rng.randrange(256)])
        elif kind == 1:
            del data[at : at + rng.choice((1, 10, 100))]
        elif kind == 2:
            data[at:at] = rng.choice(PIECES)
        else:
            del data[at:]
    return bytes(data)


def run(service: Service, count: int, seed: int, *, live: bool = False) -> Report:
    """Send ``count`` mutated requests of all verbs in turn."""
    rng, report = random.Random(seed), Report()
    client = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
    good = {verb: _post(client, verb, found[0]) for verb, found in bodies().items()}
    good_every, pause = (GOOD_EVERY_LIVE, EXPIRY_SECONDS) if live else (GOOD_EVERY, 0.0)
    for number in range(count):
        if number % good_every == 0:
            report.memory_mib.append(service.resident_mib())
            time.sleep(pause)
            for verb, expected in good.items():
                if _post(client, verb, bodies()[verb][0]) != expected:
                    report.wrong.append(f"after {number}: a good {verb} is answered otherwise")
        verb = rng.choice(list(good))
        body = mutated(rng, rng.choice(bodies()[verb]))
        try:
            status, answer = _post(client, verb, body)
        except (OSError, http.client.HTTPException) as error:
            report.wrong.append(f"{number}: {verb}: {error!r}")
            client.close()
            continue
        report.statuses[f"{verb} {status}"] += 1
        if problem := _problem(status, answer):
            report.wrong.append(f"{number}: {verb} {status}: {problem}: {answer[:200]!r} for {body[:200]!r}")
    report.memory_mib.append(service.resident_mib())
    client.close()
    return report


def _post(client: http.client.HTTPConnection, verb: str, body: bytes) -> tuple[int, bytes]:
    client.request("POST", f"/{verb}", body, {"Content-Type": "application/json"})
    response = client.getresponse()
    return response.status, response.read()


def _problem(status: int, answer: bytes) -> str:
    if status not in DESIGNED:
        return "no designed status"
    document = json.loads(answer)
    if status != 200 and document.keys() != {"error", "field", "fix"}:
        return "not the form of errors"
    return "a long error" if status != 200 and len(answer) > 2000 else ""


def api() -> LiveApi:
    """The recording's cluster with the claims of its attempts, none of which has devices yet."""
    without_pods = (each for each in cluster_objects() if each["kind"] != "Pod")
    return LiveApi({name: part for name, part in each.items() if name != "status"} for each in without_pods)


def show(report: Report, what: str, seconds: float, counts: Mapping[str, int] | None = None) -> None:
    """Print what came of it."""
    for name, number in (*sorted(report.statuses.items()), *(counts or {}).items()):
        sys.stdout.write(f"{name:26} {number:9,}\n")
    early, middle, last = map(report.memory_after, (0.1, 0.5, 1.0))
    sys.stdout.write(
        f"{what} in {seconds:.0f} s; MiB after a tenth {early:.0f}, half {middle:.0f}, all {last:.0f}\n"
    )
    for line in report.wrong[:20]:
        sys.stdout.write(f"{line}\n")
    sys.stdout.write(f"{len(report.wrong)} wrong; memory {'flat' if report.flat else 'grows'}\n")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.attacks.fuzz")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--live", action="store_true", help="follow an API server instead of a dump")
    args = parser.parse_args()
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if args.live:
            service = stack.enter_context(serving_live(directory, stack.enter_context(api().serving())))
        else:
            service = stack.enter_context(serving(directory))
        report = run(service, args.count, args.seed, live=args.live)
    show(report, f"{args.count:,} requests", time.monotonic() - started)
    return int(bool(report.wrong) or not report.flat)


if __name__ == "__main__":
    sys.exit(main())
