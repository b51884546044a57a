"""Write ``docs/topologies.md``, and the table of ``README.md``: ``python -m tests.machines``."""

from __future__ import annotations

import re

from tests.machines.page import page, summary
from tests.paths import DOCS, ROOT

FILE = DOCS / "topologies.md"
TABLE = re.compile(r"^\| machine \|.*\n(\|.*\n)*", re.MULTILINE)

if __name__ == "__main__":
    FILE.write_text(page())
    readme = ROOT / "README.md"
    readme.write_text(TABLE.sub(lambda _: summary(), readme.read_text()))
