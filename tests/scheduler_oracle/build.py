"""
Build the scheduler oracles: ``python -m tests.scheduler_oracle.build [MINOR...]``, by default all.

Needs Go, and network access or a filled module cache. Without Go it says so and succeeds: the
tests that need an oracle are skipped then.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.e2e.build import BuildFailed, has_toolchain, kubernetes_module, run_go, version_flags
from tests.e2e.releases import RELEASES, TOOLCHAINS
from tests.printed import say
from tests.scheduler_oracle.releases import PROGRAM, binary

IMPORTED = ("api", "apimachinery", "apiserver", "client-go", "component-base", "kube-scheduler")
"""The published modules that the program itself imports from."""


def main(arguments: Sequence[str]) -> int:
    """Build what is not built yet; 1 where a build fails, 2 for an unknown minor."""
    minors = arguments or tuple(RELEASES)
    unknown = [minor for minor in minors if minor not in RELEASES]
    if unknown:
        say(f"scheduler oracle: none for {', '.join(unknown)}: there are {', '.join(RELEASES)}")
        return 2
    go = shutil.which("go")
    if go is None:
        say("scheduler oracle: not built, as there is no Go on PATH; the tests that need it are skipped")
        return 0
    for minor in minors:
        target = binary(minor)
        if target.exists():
            say(f"scheduler oracle {minor}: already built, {target}")
            continue
        if not has_toolchain(go, minor):
            say(f"scheduler oracle {minor}: not built, as {TOOLCHAINS[minor]} cannot be had here")
            continue
        say(f"scheduler oracle {minor}: building (takes minutes where Go has nothing cached)")
        begun = time.monotonic()
        try:
            build(go, minor, target)
        except BuildFailed as failed:
            say(f"scheduler oracle: {failed.doing} failed\n{failed.output}")
            return 1
        say(f"scheduler oracle {minor}: built in {time.monotonic() - begun:.0f} s, {target}")
    return 0


def build(go: str, minor: str, target: Path) -> None:
    """Put the program in its place; ``BuildFailed``."""
    release = RELEASES[minor]
    staging = f"v0.{release.partition('.')[2]}"
    required = "".join(f"require k8s.io/{module} {staging}\n" for module in IMPORTED)
    target.parent.mkdir(parents=True, exist_ok=True)
    # Moved into place when complete: another process may look for it meanwhile.
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        source = Path(folder) / "program"
        shutil.copytree(PROGRAM, source)
        module = kubernetes_module(go, minor).replace(
            f"require k8s.io/component-base {staging}\n", required, 1
        )
        (source / "go.mod").write_text(module, encoding="utf-8")
        made = Path(folder) / "oracle"
        options = ["-trimpath", f"-ldflags={version_flags(release)} -s -w", "-p", "1", "-o", str(made)]
        tags = [f"-tags=kube{minor.replace('.', '')}"]
        run_go([go, "build", *options, *tags, "."], source, f"building the scheduler oracle of {release}")
        made.replace(target)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
