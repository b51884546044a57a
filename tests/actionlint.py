"""
Check the workflows of ``.github`` with actionlint, built from its Go module: ``make actionlint``.

Needs Go, as ``tests/go_program.py`` says. shellcheck, where it is there, checks their scripts, too.
"""

from __future__ import annotations

import subprocess
import sys

from tests.go_program import GoProgram
from tests.paths import ROOT

ACTIONLINT = GoProgram(
    "actionlint", "github.com/rhysd/actionlint", "v1.7.12", "1.7.12", {"actionlint": "cmd/actionlint"}
)


def main() -> int:
    """1 where a workflow has a fault or the program cannot be built."""
    built, program = ACTIONLINT.build("workflows"), ACTIONLINT.path("actionlint")
    if built != 0 or not program.exists():
        return built
    workflows = sorted((ROOT / ".github/workflows").glob("*.yml"))
    return subprocess.run([program, *workflows], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
