"""The CronJob that renews certificates: it is there where Helm makes some, and may do that and no more."""

from __future__ import annotations

import argparse
import base64
from datetime import UTC, datetime

import pytest

from extender.cli.renew import command as renew
from extender.cli.renew.issuing import Authority, Certificate, Pem
from tests.chart.render import NEEDS_HELM, template, the

pytestmark = NEEDS_HELM

EVERYTHING = ("mode=extender", "webhook=true")
CONTROL_PLANE = 'networkPolicy.controlPlane=["192.0.2.1/32"]'


def rendered(*values, minor="1.36"):
    return template(*values, minor=minor, release="fast", namespace="gpu-system")


def named(documents, kind, ending="-renew"):
    """The objects of a kind whose name has this ending."""
    return [each for each in documents if each["kind"] == kind and each["metadata"]["name"].endswith(ending)]


def job_pod(documents):
    return the("CronJob", documents)["spec"]["jobTemplate"]["spec"]["template"]


def understood(documents):
    """The options of the CronJob, as the program understands them."""
    parser = argparse.ArgumentParser()
    renew.add_arguments(parser)
    (found,) = job_pod(documents)["spec"]["containers"]
    assert found["args"][0] == "renew"
    return parser.parse_args(found["args"][1:])


def secrets(documents):
    """The certificates that Helm made, by the Secret's name."""
    return {
        each["metadata"]["name"]: {name: base64.b64decode(data) for name, data in each["data"].items()}
        for each in documents
        if each["kind"] == "Secret"
    }


def test_every_certificate_that_helm_made_is_renewed_for_its_host():
    """And for as many days, by the authority that issued it."""
    documents = rendered(*EVERYTHING, "certificates.days=100")
    found, options = secrets(documents), understood(documents)
    assert {options.authority, *(each.name for each in options.certificate)} == set(found)
    stored = found[options.authority]
    authority = Authority.of(Pem(stored["tls.crt"], stored["tls.key"]), datetime.now(UTC))
    for wanted in options.certificate:
        certificate = Certificate.of(found[wanted.name]["tls.crt"])
        assert authority.issued(certificate)
        assert certificate.parsed.subject.rfc4514_string() == f"CN={wanted.host}"
    assert (options.namespace, options.days) == ("gpu-system", 100)


def test_its_account_may_read_and_patch_these_secrets_and_nothing_else():
    """The authority it only reads; RBAC names each of them."""
    documents = rendered(*EVERYTHING)
    options, (role,) = understood(documents), named(documents, "Role")
    certificates = [each.name for each in options.certificate]
    assert role["rules"] == [
        {"apiGroups": [""], "resources": ["secrets"], "resourceNames": [options.authority], "verbs": ["get"]},
        {
            "apiGroups": [""],
            "resources": ["secrets"],
            "resourceNames": certificates,
            "verbs": ["get", "patch"],
        },
    ]
    (account,) = named(documents, "ServiceAccount")
    name = account["metadata"]["name"]
    assert job_pod(documents)["spec"]["serviceAccountName"] == name
    bound = [
        each["roleRef"]["name"]
        for each in documents
        if each["kind"] in {"RoleBinding", "ClusterRoleBinding"}
        and any(subject["name"] == name for subject in each["subjects"])
    ]
    assert bound == [role["metadata"]["name"]]


def test_no_selector_of_the_replicas_takes_its_pods():
    """A Service would lead to them, and a budget would count them."""
    documents = rendered(*EVERYTHING, "replicas=2", CONTROL_PLANE)
    labels = job_pod(documents)["metadata"]["labels"].items()
    selectors = [
        (each["kind"], each["metadata"]["name"], selector)
        for each in documents
        for selector in (
            each.get("spec", {}).get("selector"),
            each.get("spec", {}).get("podSelector"),
        )
        if selector
    ]
    taken = [
        (kind, name)
        for kind, name, selector in selectors
        if selector.get("matchLabels", selector).items() <= labels
    ]
    assert taken == [("NetworkPolicy", "fast-dra-extender-renew")]
    assert {kind for kind, _, _ in selectors} == {
        "Deployment",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "Service",
    }


def test_its_pods_reach_the_api_server_and_are_reached_by_nobody():
    """Where there are policies at all."""
    documents = rendered(*EVERYTHING, CONTROL_PLANE)
    (policy,), (replicas,) = (named(documents, "NetworkPolicy", end) for end in ("-renew", "-control-plane"))
    assert policy["spec"]["egress"] == replicas["spec"]["egress"]
    assert "ingress" not in policy["spec"]
    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert not named(rendered(*EVERYTHING), "NetworkPolicy")


@pytest.mark.parametrize(
    ("values", "minor"),
    [
        ((), "1.36"),
        (("mode=audit-only",), "1.36"),
        (("certificates.schedule=",), "1.35"),
        (("certificates.source=cert-manager",), "1.35"),
        (("certificates.source=existing", "certificates.webhookCaBundle=eA=="), "1.35"),
    ],
    ids=["no certificate", "audit-only", "no schedule", "cert-manager", "existing"],
)
def test_there_is_none_where_it_has_nothing_to_do(values, minor):
    """Nor its account, nor its rights."""
    documents = rendered(*values, minor=minor)
    assert not [each for each in documents if each["metadata"]["name"].endswith("-renew")]


def test_before_policies_the_webhook_s_certificate_is_renewed():
    """With the defaults: there the routing needs it."""
    (wanted,) = understood(rendered(minor="1.35")).certificate
    assert wanted.name == "fast-dra-extender-webhook"
