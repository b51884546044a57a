"""
Compare generated allocations and selectors with Kubernetes' own, minor by minor.

    python -m tests.differential 1.36 1.37 --count 2000 [--record DIRECTORY]

Minors whose oracle is not built are left out, with a line that says so. Two run at a time.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.oracle.releases import oracle_path


def main(arguments: Sequence[str]) -> int:
    """Run all and print their summaries; 1 where any of them found a difference."""
    parser = argparse.ArgumentParser(prog="python -m tests.differential", description=__doc__)
    parser.add_argument("minors", nargs="+", metavar="MINOR")
    parser.add_argument("--seed", type=int, default=1, help="first seed")
    parser.add_argument("--count", type=int, default=2000, help="cases and selectors per minor")
    parser.add_argument("--record", type=Path, help="write the counts to files in this directory")
    options = parser.parse_args(arguments)
    if options.record is not None:
        options.record.mkdir(parents=True, exist_ok=True)
    commands = []
    for minor in options.minors:
        if oracle_path(minor) is None:
            sys.stdout.write(
                f"Kubernetes {minor}: skipped, its oracle is not built (make oracle; needs Go)\n"
            )
            continue
        asked = ["--minor", minor, "--seed", str(options.seed), "--count", str(options.count)]
        for kind in ("allocation", "cel"):
            file = (
                [] if options.record is None else ["--record", str(options.record / f"{kind}-{minor}.json")]
            )
            commands.append([sys.executable, "-m", f"tests.differential.{kind}", *asked, *file])
    with ThreadPoolExecutor(max_workers=2) as pool:
        statuses = list(pool.map(_run, commands))
    return max(statuses, default=0)


def _run(command: Sequence[str]) -> int:
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    sys.stdout.write(f"+ {' '.join(command[1:])}\n{done.stdout}\n")
    sys.stdout.flush()
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
