"""docs/security.md says what the code, the manifests and the metrics say."""

from __future__ import annotations

import re

import pytest

from extender.service.metrics.page import markdown as metrics
from tests.attacks import tried
from tests.manifests import the
from tests.paths import ROOT
from tests.security_limit import Limit
from tests.security_limits import LIMITS, markdown

PAGE = (ROOT / "docs/security.md").read_text()


def test_the_table_of_limits_is_that_of_the_code():
    """What ``python -m tests.security_limits`` prints stands in the page."""
    assert markdown() in PAGE


def test_the_table_of_attacks_is_that_of_the_tests():
    """What ``python -m tests.attacks.tried`` prints stands in the page, and each test is there."""
    assert tried.markdown() in PAGE
    for each in tried.TRIED:
        file, _, name = each.test.partition("::")
        source = (ROOT / "tests" / file).read_text()
        assert re.search(rf"^(async )?def {name}\(", source, re.MULTILINE), each.test


def test_each_limit_is_listed_once():
    """A row says what is limited, and what happens beyond."""
    assert len({limit.what for limit in LIMITS}) == len(LIMITS)
    assert all(limit.value > 0 and limit.beyond for limit in LIMITS)


def test_a_limit_is_written_in_its_unit():
    """Bytes as MiB where that is the unit, with separators, and what no metric counts as such."""
    assert Limit("a", 4 * 1024 * 1024, "MiB", "b").row() == "| a | 4 MiB | b | not counted |"
    assert Limit("a", 1_000_000, "units", "b", "m").row() == "| a | 1,000,000 units | b | `m` |"


@pytest.mark.parametrize("name", sorted(set(re.findall(r"\bdra_extender_\w+", PAGE))))
def test_metrics_that_the_page_names_exist(name):
    """In the table and in the expressions; a histogram also by the name of its buckets."""
    assert f"`{name.removesuffix('_bucket')}`" in metrics()


def test_the_memory_of_the_deployment_is_what_the_page_says():
    """Request and limit, which rest on the measurement in the page."""
    (container,) = the("Deployment")["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["requests"]["memory"] == "256Mi"
    assert container["resources"]["limits"]["memory"] == "2560Mi"
    assert "cpu" not in container["resources"]["limits"]
    assert "requests 256 MiB and is limited to 2.5 GiB" in " ".join(PAGE.split())
