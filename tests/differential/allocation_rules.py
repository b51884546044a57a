"""
Which rules of the allocator a case exercises.

Each rule names the module of ``extender/core`` and the function, method or class in it that
decides the rule. A case *hits* a rule if it has what the rule is about and, where that can be
seen, the rule decided something. The table in ``docs/coverage.md`` is made from these.
"""

from __future__ import annotations

from tests.allocator_case import Answer
from tests.differential.allocation_facts import JSON
from tests.differential.allocation_rule import Rule
from tests.differential.picking_rules import PICKING_RULES
from tests.differential.search_rules import SEARCH_RULES

RULES: tuple[Rule, ...] = (*SEARCH_RULES, *PICKING_RULES)


def rules_of(minor: str) -> tuple[Rule, ...]:
    """The rules that a minor has."""
    return tuple(rule for rule in RULES if rule.exists_in(minor))


def rules_hit(case: JSON, answer: Answer, minor: str) -> list[str]:
    """Names of the rules that the case exercises."""
    return [rule.name for rule in rules_of(minor) if rule.hit(case, answer)]
