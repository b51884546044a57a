"""
Which programs a control plane consists of, for which releases, and where their binaries are.

Binaries live in the user's cache, in a folder named after what they were built from, so that
checkouts do not disturb each other and a machine builds each release once.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

PROGRAM = Path(__file__).parent / "program"
RELEASES = {"1.34": "1.34.4", "1.35": "1.35.4", "1.36": "1.36.2", "1.37": "1.37.2", "1.38": "1.38.0-beta.0"}
"""The patch that stands for each minor: not every patch is published as a module."""

SCHEDULER_ONLY = {"1.38": "1.37"}
"""
Minors of which only the scheduler can be built, and the minor that the other programs are of:
k8s.io/apiextensions-api, which these need, is not published as a module.
"""

TOOLCHAINS = {"1.38": "go1.27.0"}
"""Go of minors that need a newer one than the others: downloaded as a module."""

REPLACED = {"1.38": {"sigs.k8s.io/structured-merge-diff/v7": "v7.0.0"}}
"""Versions to build with where the required one is not published."""
DEFAULT_MINOR = "1.36"
MINOR = os.environ.get("E2E_MINOR", DEFAULT_MINOR)
"""What the tests of a run are about."""

ETCD = "3.6.16"

COMMANDS = ("apiserver", "scheduler", "controller-manager")
"""Kubernetes' own programs, in the order in which they are built: the first fills Go's cache for the rest."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """Paths of the four programs, built or not."""

    etcd: Path
    apiserver: Path
    scheduler: Path
    controller_manager: Path

    def built(self) -> bool:
        return all(
            path.exists() for path in (self.etcd, self.apiserver, self.scheduler, self.controller_manager)
        )


def served(minor: str) -> str:
    """The version of the API server of a minor's control plane."""
    return RELEASES[SCHEDULER_ONLY.get(minor, minor)]


def binaries(minor: str) -> Binaries:
    """Where the programs of a minor such as ``1.36`` belong; ``ValueError`` for an unknown one."""
    if minor not in RELEASES:
        raise ValueError(f"no control plane for {minor!r}: there are {', '.join(RELEASES)}")
    return Binaries(
        etcd=_folder("etcd", ETCD, ("etcd",)) / "etcd",
        **{
            command.replace("-", "_"): _folder(
                "kubernetes", RELEASES[minor] if command == "scheduler" else served(minor), (command,)
            )
            / command
            for command in COMMANDS
        },
    )


def _folder(product: str, release: str, commands: tuple[str, ...]) -> Path:
    """One folder per program, release and source of the program."""
    digest = hashlib.sha256()
    for command in commands:
        content = (PROGRAM / command / "main.go").read_bytes()
        digest.update(f"{command} {len(content)}\n".encode())
        digest.update(content)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "dra-extender" / "control-plane" / f"{product}-{release}-{digest.hexdigest()[:16]}"
