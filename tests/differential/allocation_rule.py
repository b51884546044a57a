"""A rule of the allocator that a case may exercise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.allocator_case import Answer
from tests.differential.allocation_facts import JSON


@dataclass(frozen=True)
class Rule:
    """
    ``module``: path below ``extender/core``, without ``.py``. ``decided_by``: a function or class of
    that module, or ``Class.method``. ``since`` and ``until``: first and last minor that has the rule.
    """

    name: str
    module: str
    decided_by: str
    hit: Callable[[JSON, Answer], bool]
    since: str = "1.34"
    until: str = "1.38"

    def exists_in(self, minor: str) -> bool:
        return self.since <= minor <= self.until
