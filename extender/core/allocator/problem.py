"""What one search is about."""

from __future__ import annotations

from typing import NamedTuple

from ..claims.compiled_claims import CompiledClaims
from ..releases.release import Release
from .layout import Layout, LayoutUsage


class Problem(NamedTuple):
    """
    Compiled claims on what a node offers, and the release whose allocator runs.

    ``layout`` and ``usage`` belong to these claims. Equal problems have equal answers:
    nothing else decides a search.
    """

    claims: CompiledClaims
    layout: Layout
    usage: LayoutUsage
    release: Release
