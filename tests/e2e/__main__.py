"""
Build what is missing and test against it: ``python -m tests.e2e [MINOR...] [-- PYTEST OPTIONS]``.

One run of the tests per minor, by default 1.36 alone. Where there is no Go, and nothing was built
before, it says that it is skipped and succeeds.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.e2e import build
from tests.e2e.releases import DEFAULT_MINOR, binaries
from tests.printed import say

FOLDER = Path(__file__).parent


def main(arguments: Sequence[str]) -> int:
    """The first status that is not 0."""
    split = arguments.index("--") if "--" in arguments else len(arguments)
    minors, options = list(arguments[:split]) or [DEFAULT_MINOR], list(arguments[split + 1 :])
    failed = build.main(minors)
    if failed:
        return failed
    for minor in minors:
        if not binaries(minor).built():
            return 0
        say(f"e2e: testing against Kubernetes {minor}")
        command = [sys.executable, "-m", "pytest", "-m", "e2e", str(FOLDER), *options]
        failed = (
            failed or subprocess.run(command, env={**os.environ, "E2E_MINOR": minor}, check=False).returncode
        )
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
