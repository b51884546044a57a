"""Which alternatives are an order of preference of the claim's author."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extender.core.claims.preferences import most_passed_over, passed_over, preferring
from extender.core.soft_alignment.rewrite import form_one, form_two, rewritten
from extender.model import ClaimSpec, Constraint, ExactRequest, Request
from tests import builders as b

OWN = b.spec(
    b.request("nic", "nic"),
    Request("gpu", first_available=tuple(ExactRequest(name, "gpu") for name in ("big", "small", "old"))),
)
SOFT = rewritten(b.PAIR, form_one("gpu", "nic", b.ROOT, 1, 1))


def with_alternatives(spec: ClaimSpec, **changes: object) -> ClaimSpec:
    """The first request's alternatives with other fields in the last one."""
    first, *others = spec.requests
    *before, last = first.first_available
    changed = replace(first, first_available=(*before, replace(last, **changes)))  # type: ignore[arg-type]
    return b.spec(changed, *others, constraints=spec.constraints)


def test_alternatives_are_numbered_by_claim_and_request():
    """Requests without alternatives do not count; each alternative passed over does."""
    assert preferring([b.PAIR, OWN]) == {(1, 1)}
    assert most_passed_over([OWN, b.PAIR, OWN]) == 4
    selected = [((0, 0), 3), ((1, 1), 2)]
    assert passed_over(selected, preferring([b.PAIR, OWN])) == 2


@pytest.mark.parametrize(
    "spec", [SOFT, rewritten(b.PAIR, form_two("nic", "gpu", (b.ROOT, "example.com/x"), 1, 1))]
)
def test_alternatives_of_soft_alignment_are_none(spec):
    assert preferring([spec]) == frozenset()


@pytest.mark.parametrize(
    "spec",
    [
        with_alternatives(SOFT, device_class="nic"),
        with_alternatives(SOFT, count=2),
        with_alternatives(SOFT, name="far"),
        with_alternatives(SOFT, selectors=("true", "true")),
        b.spec(*SOFT.requests, constraints=[Constraint(("gpu/any",), b.ROOT)]),
        b.spec(*SOFT.requests),
    ],
)
def test_what_only_looks_like_soft_alignment_is_the_authors_own(spec):
    """Names alone say nothing: all must ask for the same devices, the first under a constraint."""
    assert (0, 0) in preferring([spec])
