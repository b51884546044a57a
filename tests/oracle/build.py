"""
Build the oracles: ``python -m tests.oracle.build [RELEASE...]``, by default one per minor.

Needs Go, and network access or a filled module cache. Without Go it says so and succeeds:
the tests that need an oracle are skipped then.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.oracle.releases import MINORS, PROGRAM, binary
from tests.printed import say

TIMEOUT_SECONDS = 1800
TAGS = {"1.34": "kube134", "1.38": "kube138"}
"""Build tags of releases whose types differ from those of the others, by minor."""

TOOLCHAINS = {"1.38": "go1.27.0"}
"""Go of releases that need a newer one than the others, by minor: downloaded as a module."""


def main(arguments: Sequence[str]) -> int:
    """Build each release that is not built yet; 1 where a build fails."""
    go = shutil.which("go")
    if go is None:
        say("oracle: not built, as there is no Go on PATH; the tests that need it are skipped")
        return 0
    started = time.monotonic()
    for release in arguments or MINORS:
        target = binary(release)
        if target.exists():
            say(f"oracle {release}: already built, {target}")
            continue
        say(f"oracle {release}: building (takes minutes where Go has nothing cached)")
        begun = time.monotonic()
        if not has_toolchain(go, release):
            say(f"oracle {release}: not built, as {TOOLCHAINS[minor_of(release)]} cannot be had here")
            continue
        if not build(go, release, target):
            return 1
        say(f"oracle {release}: built in {time.monotonic() - begun:.0f} s, {target}")
    say(f"oracle: done in {time.monotonic() - started:.0f} s")
    return 0


def build(go: str, release: str, target: Path) -> bool:
    """Whether the binary is in place now; prints what Go says where it fails."""
    target.parent.mkdir(parents=True, exist_ok=True)
    tag = TAGS.get(minor_of(release))
    tags = [] if tag is None else [f"-tags={tag}"]
    # Moved into place when complete: another process may look for it meanwhile.
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        made = Path(folder) / "oracle"
        command = [
            go,
            "build",
            f"-modfile=modules/{release}.mod",
            "-trimpath",
            "-buildvcs=false",
            "-ldflags=-s -w",
            *tags,
            "-o",
            str(made),
            ".",
        ]
        environment = {
            **os.environ,
            "GOFLAGS": "",
            "CGO_ENABLED": "0",
            "GOWORK": "off",
            **toolchain_of(release),
        }
        try:
            built = subprocess.run(
                command,
                cwd=PROGRAM,
                env=environment,
                timeout=TIMEOUT_SECONDS,
                capture_output=True,
                check=False,
            )
        except subprocess.TimeoutExpired:
            say(f"oracle {release}: not built within {TIMEOUT_SECONDS} s")
            return False
        if built.returncode != 0:
            say(f"oracle {release}: not built\n{built.stderr.decode(errors='replace')}")
            return False
        made.replace(target)
    return True


def minor_of(release: str) -> str:
    """``"1.36"`` of ``"1.36"`` and ``"1.36.6"``."""
    return ".".join(release.split(".")[:2])


def toolchain_of(release: str) -> dict[str, str]:
    """What has Go be of the version that the release needs."""
    name = TOOLCHAINS.get(minor_of(release))
    return {} if name is None else {"GOTOOLCHAIN": name}


def has_toolchain(go: str, release: str) -> bool:
    """Whether Go of that version is here or can be downloaded."""
    environment = {**os.environ, **toolchain_of(release)}
    found = subprocess.run([go, "version"], env=environment, capture_output=True, check=False)
    return found.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
