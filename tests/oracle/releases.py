"""
Which releases have an oracle, and where its binary is.

A release is a file ``program/modules/<release>.mod``: a minor such as ``1.36``, or another
patch of it such as ``1.36.6``. Binaries live in the user's cache, in a folder named after
what they were built from, so that checkouts do not disturb each other.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

PROGRAM = Path(__file__).parent / "program"
MINORS = ("1.34", "1.35", "1.36", "1.37", "1.38")


def releases() -> tuple[str, ...]:
    """Every release that an oracle can be built for."""
    return tuple(sorted(path.stem for path in (PROGRAM / "modules").glob("*.mod")))


def binary(release: str) -> Path:
    """Where the oracle of a release belongs, built or not; ``ValueError`` for an unknown release."""
    if release not in releases():
        raise ValueError(f"no oracle for {release!r}: there are {', '.join(releases())}")
    modules = PROGRAM / "modules"
    sources = [*sorted(PROGRAM.glob("*.go")), modules / f"{release}.mod", modules / f"{release}.sum"]
    digest = hashlib.sha256()
    for source in sources:
        content = source.read_bytes()
        digest.update(f"{source.name} {len(content)}\n".encode())
        digest.update(content)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "dra-extender" / "oracle" / f"{release}-{digest.hexdigest()[:16]}" / "oracle"


def oracle_path(release: str) -> Path | None:
    """The built oracle of a release, ``None`` where ``make oracle`` has not built it."""
    path = binary(release)
    return path if path.exists() else None
