"""
Which releases have a scheduler oracle, and where its binary is.

Binaries live in the user's cache, in a folder named after what they were built from, so that
checkouts do not disturb each other and a machine builds each release once.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from tests.e2e.releases import RELEASES

PROGRAM = Path(__file__).parent / "program"


def binary(minor: str) -> Path:
    """Where the oracle of a minor belongs, built or not; ``ValueError`` for an unknown minor."""
    if minor not in RELEASES:
        raise ValueError(f"no scheduler oracle for {minor!r}: there are {', '.join(RELEASES)}")
    digest = hashlib.sha256()
    for source in sorted(PROGRAM.iterdir()):
        content = source.read_bytes()
        digest.update(f"{source.name} {len(content)}\n".encode())
        digest.update(content)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    name = f"{RELEASES[minor]}-{digest.hexdigest()[:16]}"
    return cache / "dra-extender" / "scheduler-oracle" / name / "oracle"


def oracle_path(minor: str) -> Path | None:
    """The built oracle of a minor, ``None`` where ``make scheduler-oracle`` has not built it."""
    path = binary(minor)
    return path if path.exists() else None
