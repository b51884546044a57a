"""Write ``docs/topologies.md``: ``python -m tests.machines``."""

from __future__ import annotations

from pathlib import Path

from tests.machines.page import page

FILE = Path(__file__).parents[2] / "docs" / "topologies.md"

if __name__ == "__main__":
    FILE.write_text(page())
