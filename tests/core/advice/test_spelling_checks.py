"""Names that nothing answers to, among them the mistakes of published samples."""

from __future__ import annotations

import pytest

from extender.cel import unlimited
from extender.core.advice.claim_warnings import ClaimWarning, WarningCode, render_warning
from extender.core.advice.spelling_checks import attribute_warnings, class_warnings, selector_warnings
from extender.core.claims.compiled_claims import compile_claims
from extender.core.releases.history import release_for
from extender.model import ClaimSpec, Constraint, DeviceClass
from tests import builders as b

PUBLISHED = frozenset({b.ROOT, "dra.net/rdma", "dra.net/numaNode"})


def constrained(attribute: str, derived: tuple[tuple[str, str], ...] = ()) -> ClaimSpec:
    requests = (b.request("gpu", "gpu", derived=derived), b.request("nic", "nic"))
    return b.spec(*requests, constraints=[Constraint(match_attribute=attribute)])


def about(attribute: str) -> list[tuple[WarningCode, str]]:
    found = attribute_warnings([constrained(attribute)], PUBLISHED)
    return [(each.code, each.values.get("instead", "")) for each in found]


@pytest.mark.parametrize(
    ("attribute", "code", "instead"),
    [
        ("dra.k8s.io/pcieRoot", WarningCode.ATTRIBUTE_MISSPELT, b.ROOT),
        ("k8s.io/pcieRoot", WarningCode.ATTRIBUTE_MISSPELT, b.ROOT),
        ("resource.kubernetes.io/pcieroot", WarningCode.ATTRIBUTE_MISSPELT, b.ROOT),
        ("gpu.nvidia.com/rdma", WarningCode.ATTRIBUTE_MISSPELT, "dra.net/rdma"),
        ("resource.kubernetes.io/pcieRoots", WarningCode.ATTRIBUTE_MISSPELT, b.ROOT),
        ("pcieRoot", WarningCode.ATTRIBUTE_UNQUALIFIED, b.ROOT),
        ("fabric", WarningCode.ATTRIBUTE_UNQUALIFIED, "DOMAIN/fabric"),
        ("example.com/fabric", WarningCode.ATTRIBUTE_UNKNOWN, ""),
        (b.NUMA, WarningCode.ATTRIBUTE_UNKNOWN, ""),
    ],
)
def test_attributes_of_constraints(attribute, code, instead):
    """What is not published is misspelt, where a name that is near makes sense, or not known at all."""
    assert about(attribute) == [(code, instead)]


def test_published_attributes_are_fine():
    """Nothing is said of names that some device publishes, or that the request derives."""
    assert about(b.ROOT) == []
    derived = constrained("shared-node", derived=(("shared-node", "1"),))
    assert list(attribute_warnings([derived], PUBLISHED)) == []


def test_a_cluster_without_devices_knows_no_names():
    """Without any attribute in the cluster only known mistakes are called so."""
    assert list(attribute_warnings([constrained("example.com/fabric")], frozenset())) == []
    assert [each.code for each in attribute_warnings([constrained("k8s.io/pcieRoot")], frozenset())] == [
        WarningCode.ATTRIBUTE_MISSPELT
    ]


def test_classes():
    """A class that is nearly there was meant; for another one those that there are help."""
    classes = {name: DeviceClass(name) for name in ("gpu.nvidia.com", "rdma")}
    found = list(
        class_warnings([b.spec(b.request("a", "gpu.nvidia.con"), b.request("b", "mig.nvidia.com"))], classes)
    )
    assert [render_warning(each) for each in found] == [
        "request a: device class gpu.nvidia.con does not exist; did you mean gpu.nvidia.com?",
        "request b: device class mig.nvidia.com does not exist; those that do are gpu.nvidia.com, rdma",
    ]


def selecting(expression: str) -> list[ClaimWarning]:
    spec = b.spec(b.request("nic", "nic", selectors=(expression,)))
    compiled = compile_claims(
        [spec], {each.name: each for each in b.CLASSES}, release_for("1.36.2"), unlimited()
    )
    return list(selector_warnings(compiled, PUBLISHED))


def test_a_slash_within_a_domain():
    """``attributes["dra.net/rdma"].bool`` of a published sample is told as what was meant."""
    (found,) = selecting('device.attributes["dra.net/rdma"].bool == true')
    assert found.code is WarningCode.SELECTOR_ATTRIBUTE_MISSPELT
    assert 'write attributes["dra.net"].rdma' in render_warning(found)


def test_an_attribute_that_drivers_stopped_publishing():
    """``gpu.nvidia.com/index`` of a published sample is gone."""
    (found,) = selecting('device.attributes["gpu.nvidia.com"].index <= 2')
    assert found.code is WarningCode.ATTRIBUTE_RETIRED
    assert found.values["instead"] == "resource.kubernetes.io/pciBusID"


def test_attributes_that_nobody_publishes():
    """A selector may read what no device has; what some device has is fine."""
    (found,) = selecting('device.attributes["dra.net"].rdma && device.attributes["dra.net"].virtual')
    assert found.code is WarningCode.SELECTOR_ATTRIBUTE_UNKNOWN
    assert found.values == {"where": "request nic", "attribute": "dra.net/virtual"}
