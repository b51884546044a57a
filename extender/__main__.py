"""``python -m extender``: the same as ``dra-extender``."""

from __future__ import annotations

import sys

from extender.cli import main

if __name__ == "__main__":
    sys.exit(main())
