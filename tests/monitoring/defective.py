"""
``python -m tests.monitoring.defective serve``: the program with a defect, for the alert about defects.

Prioritize fails for a pod named as ``UNLUCKY`` says, and new certificates are looked for each second. All
else is as it is.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from extender.cli import main
from extender.core.prediction.evaluate import Evaluation
from extender.model import Pod
from extender.service.judging import Judging
from extender.service.process import tls

UNLUCKY = "unlucky"

_entries = Judging.entries


async def _fail(self: Judging, pod: Pod, evaluation: Evaluation[bytes], names: Sequence[str]) -> list[bytes]:
    assert pod.name != UNLUCKY, "a defect that a test has planted"
    return await _entries(self, pod, evaluation, names)


if __name__ == "__main__":
    Judging.entries = _fail  # type: ignore[method-assign]
    tls.LOOK_SECONDS = 1.0
    sys.exit(main())
