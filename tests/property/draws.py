"""
Strategies that every example draws from again.

Making a strategy takes longer than drawing from it, so those without parameters are made once.
"""

from __future__ import annotations

from functools import cache

from hypothesis import strategies as st

EITHER = st.booleans()


@cache
def below(end: int) -> st.SearchStrategy[int]:
    """From 0 to ``end - 1``: equal to 0 once in ``end`` times."""
    return st.integers(0, end - 1)


@cache
def between(first: int, last: int) -> st.SearchStrategy[int]:
    return st.integers(first, last)
