"""Files are read as the API server would read them: field at fault, and what to write instead."""

from __future__ import annotations

import json
import re

import pytest

from extender.kube.decode import DecodeError
from extender.kube.files.claim_file import read_claims
from extender.kube.files.cluster import ClusterBuilder
from extender.kube.files.cluster_file import ClusterFileError, read
from extender.kube.files.strict import DumpCheck, check_dumped, check_written
from tests.claim_validation import validation_cases

CASES = validation_cases()
FLAT = {"devices": {"requests": [{"name": "gpu", "deviceClassName": "gpu"}]}}


def claim(spec=FLAT, version="resource.k8s.io/v1", kind="ResourceClaim", **metadata):
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "c", **metadata}, "spec": spec}


def test_claims_with_the_same_spec_are_checked_for_all_else():
    """The spec was right in the claim before; name, fields of metadata and others are this one's own."""
    right = {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "gpu"}}]}}
    for wrong, field in (
        ({**claim(right), "specs": {}}, "specs"),
        (claim(right, label={}), "metadata.label"),
        (claim(right, name="No"), "metadata.name"),
        (claim(right, labels={"a": "-"}), "metadata.labels"),
        (claim(right, version="resource.k8s.io/v1beta1"), "spec.devices.requests[0].exactly"),
        (claim(FLAT), "spec.devices.requests[0].deviceClassName"),
    ):
        check = DumpCheck()
        for name in ("a", "b"):
            assert refusal(check, claim(right, name=name)) is None
        assert refusal(check, wrong).field == field
        assert refusal(check_dumped, wrong).field == field


def refusal(check, document):
    """The error with which a document is refused, ``None`` where it is read."""
    try:
        ClusterBuilder(check=check).add(json.dumps(document).encode())
    except DecodeError as error:
        return error
    return None


def test_the_cases_have_names_of_their_own():
    assert len({case.name for case in CASES}) == len(CASES) > 100


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_cases(case):
    """Each case is read, or refused for its field, in a file of claims and in a dump alike."""
    again = DumpCheck()
    refusal(again, case.manifest)
    for check in (check_written, check_dumped, DumpCheck(), again):
        error = refusal(check, case.manifest)
        assert (error and error.field) == case.field
        assert error is None or re.search(r"[;,] |expected|missing|not a quantity|has", error.problem)


@pytest.mark.parametrize(
    ("document", "field", "problem"),
    [
        (
            claim(),
            "spec.devices.requests[0].deviceClassName",
            "unknown field in v1; put it below exactly (only v1beta1 has it beside the name)",
        ),
        (
            claim({"devices": {"requests": [{"name": "gpu"}]}}),
            "spec.devices.requests[0]",
            "has neither exactly nor firstAvailable; write exactly: {deviceClassName: ...}",
        ),
        (
            claim({"devices": {"requests": [], "constraints": [{"matchAttribute": "pcieRoot"}]}}),
            "spec.devices.constraints[0].matchAttribute",
            '"pcieRoot" names no domain; write DOMAIN/pcieRoot',
        ),
        (
            claim({"devices": {"request": []}}),
            "spec.devices.request",
            "unknown field in v1; did you mean requests?",
        ),
        (
            claim(
                {
                    "devices": {
                        "requests": [
                            {"name": "gpu", "firstAvailable": [{"exactly": {"deviceClassName": "gpu"}}]}
                        ]
                    }
                }
            ),
            "spec.devices.requests[0].firstAvailable[0].exactly",
            "unknown field in v1; an alternative is flat; write its fields beside the name",
        ),
        (
            claim(
                {"devices": {"requests": [{"name": "gpu", "exactly": {"selectors": [{"expression": "x"}]}}]}}
            ),
            "spec.devices.requests[0].exactly.selectors[0].expression",
            "unknown field in v1; put it below cel, as in cel: {expression: ...}",
        ),
        (
            claim({"spec": {}}),
            "spec.spec",
            (
                "unknown field in v1; a ResourceClaim has its devices in spec.devices; "
                "only a ResourceClaimTemplate has spec.spec"
            ),
        ),
        (
            claim(version="resource.k8s.io/v1alpha3"),
            "apiVersion",
            (
                '"resource.k8s.io/v1alpha3" has no ResourceClaim; write resource.k8s.io/v1, '
                "whose requests have exactly"
            ),
        ),
    ],
)
def test_what_to_write_instead(document, field, problem):
    error = refusal(check_written, document)
    assert (error.field, error.problem) == (field, problem)


def test_an_object_of_an_api_server_is_not_checked_in_a_dump():
    """A newer server may have accepted what we do not know; who writes a claim to apply it is told."""
    stored = claim(resourceVersion="17")
    assert refusal(check_dumped, stored) is None
    assert refusal(check_written, stored) is not None


def test_a_claim_without_a_version():
    """It cannot be applied; in a dump it counts as v1."""
    document = claim({"devices": {"requests": []}})
    del document["apiVersion"]
    assert refusal(check_written, document).field == "apiVersion"
    assert refusal(check_dumped, document) is None


def test_items_of_a_typed_list_have_its_version():
    """The API server leaves kind and version out of the items."""
    item = {"metadata": {"name": "c"}, "spec": FLAT}
    for version, field in (("v1beta1", None), ("v1", "spec.devices.requests[0].deviceClassName")):
        listed = {"apiVersion": f"resource.k8s.io/{version}", "kind": "ResourceClaimList", "items": [item]}
        error = refusal(check_dumped, listed)
        assert (error and error.field) == field


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"driver": "gpu.example.com", "devices": []}, "spec.pool.name"),
        ({"driver": "gpu.example.com", "pool": {"generation": 1}}, "spec.pool.name"),
        ({"pool": {"name": "n"}}, "spec.driver"),
        ({"driver": "gpu.example.com", "pool": {"name": "n"}}, None),
    ],
)
def test_slices_without_a_pool(spec, field):
    """A slice that somebody wrote has a pool and a driver; without them it would be of pool ''."""
    document = {"apiVersion": "resource.k8s.io/v1", "kind": "ResourceSlice", "metadata": {"name": "s"}}
    error = refusal(check_dumped, {**document, "spec": spec})
    assert (error and error.field) == field


@pytest.mark.parametrize(
    ("entry", "field", "problem"),
    [
        (
            {"name": "a", "source": {"resourceClaimTemplateName": "t"}},
            "spec.resourceClaims[0].source",
            "unknown field; beside the name write resourceClaimName or resourceClaimTemplateName",
        ),
        (
            {"name": "a", "resourceClaimName": "c", "resourceClaimTemplateName": "t"},
            "spec.resourceClaims[0]",
            "has both of resourceClaimName and resourceClaimTemplateName; write exactly one of the two",
        ),
        (
            {"name": "a"},
            "spec.resourceClaims[0]",
            "has neither of resourceClaimName and resourceClaimTemplateName; write exactly one of the two",
        ),
        ({"resourceClaimName": "c"}, "spec.resourceClaims[0].name", "missing; write a name"),
    ],
)
def test_how_pods_name_their_claims(entry, field, problem):
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"resourceClaims": [entry]}}
    error = refusal(check_written, pod)
    assert (error.field, error.problem) == (field, problem)


def test_files_name_path_object_and_field(tmp_path):
    path = tmp_path / "claims.json"
    path.write_text(json.dumps(claim(namespace="team")))
    wanted = f'{path}: ResourceClaim "team/c": spec.devices.requests[0].deviceClassName: unknown field in v1'
    for reads in (lambda: read_claims(str(path)), lambda: read([str(path)])):
        with pytest.raises(ClusterFileError, match=re.escape(wanted)):
            reads()
