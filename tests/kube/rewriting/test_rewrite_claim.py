"""The JSON of claims and templates as a rewrite makes it, and as policies make it."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
import pytest

from extender.core.soft_alignment.soften import Form, Rewrite, SubRequest, rewritten
from extender.kube.decode import Interner, claim_template, resource_claim
from extender.kube.rewriting.admission_policy import admission_policies
from extender.kube.rewriting.rewrite_claim import annotation_patch, rewrite_claim, rewrite_patch
from extender.model import Constraint
from tests import builders as b

REWRITE = Rewrite(
    Form.ONE,
    ("nic", "gpu", "cpu"),
    (
        ("nic", (SubRequest("aligned"), SubRequest("any"))),
        ("gpu", (SubRequest("aligned"), SubRequest("any", "false"))),
    ),
    (Constraint(("nic/aligned", "gpu/aligned"), b.ROOT),),
    1,
    1,
)
EXACTLY: dict[str, Any] = {
    "deviceClassName": "gpu",
    "selectors": [{"cel": {"expression": "true"}}],
    "allocationMode": "ExactCount",
    "count": 1,
    "tolerations": [{"key": "k", "operator": "Exists"}],
    "capacity": {"requests": {"memory": "40Gi"}},
    "fromTheFuture": {"kept": True},
}
DEVICES: dict[str, Any] = {
    "requests": [
        {"name": "cpu", "exactly": {"deviceClassName": "cpu", "count": 4}},
        {"name": "gpu", "exactly": EXACTLY},
        {"name": "nic", "exactly": {"deviceClassName": "nic"}},
    ],
    "config": [{"requests": ["gpu"], "opaque": {"driver": "d", "parameters": {"big": 2**60}}}],
}
CLAIM: dict[str, Any] = {
    "apiVersion": "resource.k8s.io/v1",
    "kind": "ResourceClaim",
    "metadata": {"name": "c", "namespace": "team"},
    "spec": {"devices": DEVICES, "alsoKept": 1},
}
TEMPLATE: dict[str, Any] = {
    **CLAIM,
    "kind": "ResourceClaimTemplate",
    "spec": {"metadata": {"labels": {}}, "spec": CLAIM["spec"]},
}


def devices_of(document):
    spec = document["spec"]
    return spec.get("spec", spec)["devices"]


@pytest.mark.parametrize("document", [CLAIM, TEMPLATE], ids=["claim", "template"])
def test_everything_but_the_requests_stays(document):
    """Alternatives say all that the request said, known to us or not; the original is untouched."""
    before = copy.deepcopy(document)
    made = rewrite_claim(document, REWRITE)
    assert document == before
    assert devices_of(made) == {
        "requests": [
            {
                "name": "nic",
                "firstAvailable": [
                    {"name": "aligned", "deviceClassName": "nic"},
                    {"name": "any", "deviceClassName": "nic"},
                ],
            },
            {
                "name": "gpu",
                "firstAvailable": [
                    {"name": "aligned", **EXACTLY},
                    {
                        "name": "any",
                        **EXACTLY,
                        "selectors": [*EXACTLY["selectors"], {"cel": {"expression": "false"}}],
                    },
                ],
            },
            DEVICES["requests"][0],
        ],
        "constraints": [{"requests": ["nic/aligned", "gpu/aligned"], "matchAttribute": b.ROOT}],
        "config": DEVICES["config"],
    }
    assert {key: value for key, value in made.items() if key != "spec"} == {
        key: value for key, value in document.items() if key != "spec"
    }


@pytest.mark.parametrize("document", [CLAIM, TEMPLATE], ids=["claim", "template"])
def test_the_json_says_what_the_core_says(document):
    """Decoded, it is the spec that the core proves things about."""
    decode = claim_template if document is TEMPLATE else resource_claim
    before = decode(msgspec.json.encode(document), Interner()).spec
    after = decode(msgspec.json.encode(rewrite_claim(document, REWRITE)), Interner()).spec
    expected = rewritten(before, REWRITE)
    assert (after.requests, after.constraints, after.config) == (
        expected.requests,
        expected.constraints,
        expected.config,
    )


@pytest.mark.parametrize("document", [CLAIM, TEMPLATE], ids=["claim", "template"])
def test_the_patch_makes_the_same(document):
    """Two operations, on the requests and the constraints."""
    path = "/spec/spec/devices" if document is TEMPLATE else "/spec/devices"
    wanted = devices_of(rewrite_claim(document, REWRITE))
    assert rewrite_patch(document, REWRITE) == [
        {"op": "add", "path": f"{path}/requests", "value": wanted["requests"]},
        {"op": "add", "path": f"{path}/constraints", "value": wanted["constraints"]},
    ]


def test_the_flat_requests_of_v1beta1():
    """There the fields of ``exactly`` are the request's own; a missing mode stays missing."""
    flat = [
        {"name": request["name"], **request["exactly"], "adminAccess": None}
        for request in DEVICES["requests"]
    ]
    made = rewrite_claim({"spec": {"devices": {"requests": flat}}}, REWRITE)
    assert devices_of(made)["requests"][0] == {
        "name": "nic",
        "firstAvailable": [
            {"name": "aligned", "deviceClassName": "nic"},
            {"name": "any", "deviceClassName": "nic"},
        ],
    }


def test_an_annotation_is_put_beside_those_that_are_there():
    """Or into annotations of its own."""
    name = "dra-extender.io/soft-alignment-result"
    assert annotation_patch({"metadata": {"annotations": {"a": "b"}}}, name, "v") == [
        {"op": "add", "path": "/metadata/annotations/dra-extender.io~1soft-alignment-result", "value": "v"}
    ]
    absent: list[dict[str, Any]] = [{}, {"annotations": None}, {"annotations": {}}]
    for metadata in absent:
        assert annotation_patch({"metadata": metadata}, name, "v") == [
            {"op": "add", "path": "/metadata/annotations", "value": {name: "v"}}
        ]


def test_a_policy_for_claims_and_one_for_templates():
    """Each with its binding; tests/e2e holds that a real API server does with them what we do."""
    pair = Rewrite(Form.ONE, REWRITE.order[:2], REWRITE.sub_requests, REWRITE.constraints, 1, 1)
    documents: list[Any] = admission_policies(pair, ("nic", "gpu"), "v1beta1")
    kinds = ["MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"]
    assert [document["kind"] for document in documents] == kinds * 2
    assert {document["apiVersion"] for document in documents} == {"admissionregistration.k8s.io/v1beta1"}
    policies = documents[::2]
    for policy, binding in zip(policies, documents[1::2], strict=True):
        assert binding["spec"] == {"policyName": policy["metadata"]["name"]}
        assert policy["spec"]["failurePolicy"] == "Ignore"
    assert len({policy["metadata"]["name"] for policy in policies}) == 2


def test_the_name_of_a_policy_is_short_enough():
    """However long the classes' names are."""
    pair = Rewrite(Form.ONE, REWRITE.order[:2], REWRITE.sub_requests, REWRITE.constraints, 1, 1)
    documents: list[Any] = admission_policies(pair, ("n" * 253, "g" * 253))
    (name, _, other, _) = (document["metadata"]["name"] for document in documents)
    assert len(name) <= 253
    assert name != other
