"""The size of a regular expression's program is bounded before it is compiled."""

from __future__ import annotations

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from extender.cel.values.pattern_size import pattern_size

OPTIONS = re2.Options()
OPTIONS.log_errors = False
OPTIONS.never_capture = True
OPTIONS.max_mem = 256 << 20
PARTS = [
    *("a", "k", "é", ".", "^", "$", "|", "*", "+", "?", "{2}", "{2,}", "{0,3}", "{30}", "{", "}", "]", "-"),
    *(
        "(",
        ")",
        "(?:",
        "(?i)",
        "(?i:",
        "(?P<n>",
        "(?<n>",
        "(?s-m)",
        "[",
        "[^",
        "[a-z]",
        "[^a]",
        "[[:alpha:]]",
    ),
    *("\\d", "\\W", "\\S", "\\b", "\\pL", "\\PN", "\\p{Greek}", "\\p{^Lu}", "[\\pL]", "\\Q(", "\\E", "\\\\"),
    *("\\x41", "\\x{41}", "\\x{10ffff}", "[\\x{800}-\\x{ffff}]", "[é-ü]", "\\.", " "),
]


def compiled_size(pattern):
    """The steps of the program, 0 for a pattern that RE2 refuses."""
    try:
        return re2.compile(pattern, OPTIONS).programsize
    except re2.error:
        return 0


@pytest.mark.parametrize(
    ("pattern", "most"),
    [
        ("", 4),
        ("^[0-9]+$", 40),
        ("^.*a100.*$", 60),
        ("a{1000}", 2_100),
        ("(a{10}){10}", 300),
        ("\\x{41}{100}", 4_000),
        ("\\pL{100}", 160_000),
        ("(\\pL{100}){3}", 500_000),
        ("(?i)k{100}", 500),
        ("[a-z\\pN]{10}", 20_000),
        ("\\Qa.b\\E{100}", 300),
        ("\\\\Q\\pL", 2_000),
        ("(?P<name>\\pL)", 1_600),
        (".{1000}.{1000}", 30_000),
    ],
)
def test_the_bound_is_above_and_near(pattern, most):
    """The bound is no less than what RE2 makes of a pattern, and not far more."""
    assert compiled_size(pattern) <= pattern_size(pattern) <= most


@given(st.lists(st.sampled_from(PARTS), max_size=10).map("".join))
def test_any_pattern(pattern):
    """No combination of the parts of patterns gets a program that is much larger than the bound."""
    if pattern_size(pattern) < 50_000:
        assert compiled_size(pattern) <= pattern_size(pattern) * 1.25 + 4


@pytest.mark.parametrize("pattern", ["(a{1000}){1000}", "((a{100}){10}){2}", "x{1001}"])
def test_what_is_repeated_too_often_is_malformed(pattern):
    """RE2 refuses it before it makes anything of it, so it counts no more than its text."""
    assert compiled_size(pattern) == 0
    assert pattern_size(pattern) == len(pattern)
