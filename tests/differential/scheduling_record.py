"""
Record generated pods with the answers of the real scheduling plugins.

    python -m tests.differential.scheduling_record 1.34 1.35 1.36 1.37 1.38 [--count 80]

Writes ``tests/data/scheduling/cases-<minor>.jsonl.gz``: on each line ``case``, a ``schedule`` request
(see ``tests/scheduler_oracle/client.py``), and ``answer``. ``tests/core/scheduling`` compares with it.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.differential.scheduling_case import generate
from tests.paths import DATA
from tests.scheduler_oracle.client import SchedulerOracle

FIRST_SEED = 1_000_001
"""Away from the seeds of the differential runs, which begin with 1."""


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.differential.scheduling_record", description=__doc__
    )
    parser.add_argument("minors", nargs="+", metavar="MINOR")
    parser.add_argument("--count", type=int, default=80, help="number of pods per minor")
    options = parser.parse_args(arguments)
    for minor in options.minors:
        lines = []
        with SchedulerOracle(minor) as oracle:
            for seed in range(FIRST_SEED, FIRST_SEED + options.count):
                case = generate(seed)
                lines.append(json.dumps({"case": case, "answer": oracle.schedule(case)}, sort_keys=True))
        path = recorded_file(minor)
        path.parent.mkdir(exist_ok=True)
        text = "".join(f"{line}\n" for line in lines)
        # Without a time, so that the same cases make the same file.
        path.write_bytes(gzip.compress(text.encode(), mtime=0))
        sys.stdout.write(f"{path.name}: {len(lines)} pods, {path.stat().st_size} bytes\n")
    return 0


def recorded_file(minor: str) -> Path:
    return DATA / "scheduling" / f"cases-{minor}.jsonl.gz"


def recorded(minor: str) -> Iterator[dict[str, Any]]:
    """Yield what was recorded for a minor, in order."""
    for line in gzip.decompress(recorded_file(minor).read_bytes()).decode().splitlines():
        yield json.loads(line)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
