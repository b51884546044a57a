"""
Helm, built from its Go module: ``python -m tests.chart.helm``.

The program is kept in the user's cache, in a folder named after its release, so that a machine
builds it once. Needs Go, and network access or a filled module cache. Without Go it says so and
succeeds: the tests that need Helm are skipped then.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from tests.e2e.build import BuildFailed, run_go, say

MODULE = "helm.sh/helm/v3"
RELEASE = "3.21.4"


def helm() -> Path:
    """Where the program belongs, built or not."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "dra-extender" / "helm" / RELEASE / "helm"


def build() -> int:
    """Build Helm where it is not built yet; 1 where that fails."""
    target = helm()
    if target.exists():
        return 0
    go = shutil.which("go")
    if go is None:
        say("chart: skipped, as there is no Go on PATH to build Helm with")
        return 0
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as name:
        folder = Path(name)
        module = f"module dra-extender/helm\n\ngo 1.26\n\nrequire {MODULE} v{RELEASE}\n"
        (folder / "go.mod").write_text(module, encoding="utf-8")
        made = folder / "helm"
        say(f"chart: building Helm {RELEASE} (takes minutes where Go has nothing cached)")
        try:
            # One package at a time: the build is in nobody's way.
            command = [go, "build", "-p", "1", "-trimpath", "-ldflags=-s -w", "-o", str(made)]
            run_go([*command, f"{MODULE}/cmd/helm"], folder, f"building Helm {RELEASE}")
        except BuildFailed as failed:
            say(f"chart: {failed.doing} failed\n{failed.output}")
            return 1
        # Moved into place when complete: another process may look for it meanwhile.
        made.replace(target)
    say(f"chart: built: {target}")
    return 0


if __name__ == "__main__":
    sys.exit(build())
