"""
Programs of others, built from their Go modules and kept in the user's cache.

Each lies in a folder named after its release, so that a machine builds it once. Building needs Go,
and network access or a filled module cache. Without Go that is said and taken as success: the tests
that need the program are skipped then.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.build import BuildFailed, run_go
from tests.printed import say


@dataclass(frozen=True, slots=True)
class GoProgram:
    """``packages``: for each program the package of ``module`` that it is built from."""

    product: str
    module: str
    version: str
    """Of the module, as Go writes it."""
    release: str
    """As its users know it."""
    packages: dict[str, str]
    tags: str = ""
    flags: str = ""
    """Of the linker."""
    go_mod: Callable[[str], str] | None = None
    """The ``go.mod`` of a module that cannot simply be required; its argument is the path of Go."""

    def path(self, program: str) -> Path:
        """Where a program belongs, built or not."""
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return cache / "dra-extender" / self.product.lower() / self.release / program

    def build(self, suite: str) -> int:
        """Build what is not built yet; 1 where that fails. ``suite`` stands before what is said."""
        missing = [program for program in self.packages if not self.path(program).exists()]
        if not missing:
            return 0
        go = shutil.which("go")
        if go is None:
            say(f"{suite}: skipped, as there is no Go on PATH to build {self.product} with")
            return 0
        parent = self.path(missing[0]).parent
        parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=parent) as name:
            folder = Path(name)
            try:
                module = self._required() if self.go_mod is None else self.go_mod(go)
            except BuildFailed as failed:
                say(f"{suite}: {failed.doing} failed\n{failed.output}")
                return 1
            (folder / "go.mod").write_text(module, encoding="utf-8")
            for program in missing:
                doing = f"building {program} {self.release}"
                say(f"{suite}: {doing} (takes minutes where Go has nothing cached)")
                begun, made = time.monotonic(), folder / program
                # One package at a time: the build is in nobody's way.
                flags = [f"-tags={self.tags}", f"-ldflags={self.flags} -s -w"]
                options = ["-p", "1", "-trimpath", *flags, "-o", str(made)]
                package = f"{self.module}/{self.packages[program]}"
                try:
                    run_go([go, "build", *options, package], folder, doing)
                except BuildFailed as failed:
                    say(f"{suite}: {failed.doing} failed\n{failed.output}")
                    return 1
                # Moved into place when complete: another process may look for it meanwhile.
                made.replace(self.path(program))
                say(f"{suite}: built in {time.monotonic() - begun:.0f} s: {self.path(program)}")
        return 0

    def _required(self) -> str:
        return f"module dra-extender/built\n\ngo 1.26\n\nrequire {self.module} {self.version}\n"
