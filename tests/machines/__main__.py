"""Write ``docs/topologies.md``: ``python -m tests.machines``."""

from __future__ import annotations

from tests.machines.page import page
from tests.paths import DOCS

FILE = DOCS / "topologies.md"

if __name__ == "__main__":
    FILE.write_text(page())
