"""Which pods the chart sends to the second scheduler, by what, and which it refuses."""

from __future__ import annotations

import pytest

from tests.chart.render import NEEDS_HELM, POLICIES, configuration, everything, served, template, the
from tests.e2e.releases import RELEASES

pytestmark = NEEDS_HELM

BETA = "admissionregistration.k8s.io/v1beta1"
BY_WEBHOOK = [minor for minor, version in POLICIES.items() if not version]


def actions(documents):
    """What the guard does."""
    return the("ValidatingAdmissionPolicyBinding", documents)["spec"]["validationActions"]


@pytest.mark.parametrize("minor", RELEASES)
def test_a_policy_routes_where_the_api_server_has_it_and_else_the_webhook(minor):
    """By default from 1.36 on, before where it is turned on; each alone."""
    kinds = {each["kind"]: each for each in template(minor=minor)}
    if POLICIES[minor]:
        assert kinds["MutatingAdmissionPolicy"]["apiVersion"] == POLICIES[minor]
        assert "MutatingWebhookConfiguration" not in kinds
    else:
        assert "MutatingAdmissionPolicy" not in kinds
        assert kinds["MutatingWebhookConfiguration"]["metadata"]["name"] == "dra-extender-routing"
        turned_on = template(minor=minor, options=("--api-versions", f"{BETA}/MutatingAdmissionPolicy"))
        assert the("MutatingAdmissionPolicy", turned_on)["apiVersion"] == BETA
        assert "MutatingWebhookConfiguration" not in {each["kind"] for each in turned_on}


@pytest.mark.parametrize("minor", BY_WEBHOOK)
def test_the_webhook_routes_the_same_pods_to_the_same_scheduler(minor):
    """Its conditions are those of the policy, and serve is told where to route and listens for it."""
    values = [
        *everything(minor),
        'routing.namespaceSelector={"matchLabels": {"team": "a"}}',
        "scheduler.name=gpu",
    ]
    policy = the("MutatingAdmissionPolicy", template(*values, minor="1.36"))["spec"]
    documents = template(*values, minor=minor)
    (found,) = [
        each
        for each in documents
        if each["kind"] == "MutatingWebhookConfiguration" and each["metadata"]["name"].endswith("-routing")
    ]
    (webhook,) = found["webhooks"]
    assert webhook["matchConditions"] == policy["matchConditions"]
    assert webhook["rules"] == policy["matchConstraints"]["resourceRules"]
    assert webhook["namespaceSelector"] == {"matchLabels": {"team": "a"}}
    assert webhook["clientConfig"]["service"]["path"] == "/route"
    assert served(documents).route_to == "gpu"
    assert configuration(documents)["profiles"][0]["schedulerName"] == "gpu"
    assert served(documents).webhook_listen.endswith(":8443")


@pytest.mark.parametrize("by", ["1.35", "1.36"])
@pytest.mark.parametrize("failure", ["Ignore", "Fail"])
def test_what_happens_where_the_routing_fails(by, failure):
    """As the value says. The webhook may fail, and then the guard must not refuse what was let in."""
    documents = template(f"routing.failurePolicy={failure}", minor=by)
    kinds = {each["kind"]: each for each in documents}
    if "MutatingAdmissionPolicy" in kinds:
        said = kinds["MutatingAdmissionPolicy"]["spec"]["failurePolicy"]
    else:
        said = kinds["MutatingWebhookConfiguration"]["webhooks"][0]["failurePolicy"]
    assert said == failure
    refused = by == "1.36" or failure == "Fail"
    assert actions(documents) == (["Deny"] if refused else ["Warn", "Audit"])


def test_routing_and_guard_speak_of_the_same_pods_and_scheduler():
    """What claims devices is said once, and the guard lets through where the routing leads."""
    documents = template(*everything("1.36"), release="fast")
    routing = the("MutatingAdmissionPolicy", documents)["spec"]
    guard = the("ValidatingAdmissionPolicy", documents)["spec"]
    claims = {each["name"]: each["expression"] for each in guard["matchConditions"]}["claims-devices"]
    assert claims in [each["expression"] for each in routing["matchConditions"]]
    assert '"example.com/gpu"' in claims
    name = configuration(documents)["profiles"][0]["schedulerName"]
    assert f'value: "{name}"' in routing["mutations"][0]["jsonPatch"]["expression"]
    assert guard["validations"][0]["expression"].endswith(f'== "{name}"')
    assert any("kube-system" in each["expression"] for each in routing["matchConditions"])


@pytest.mark.parametrize(
    "value",
    [
        'routing.namespaceSelector={"matchLabels": {"a": "b"}}',
        'routing.excludedNamespaces=["a"]',
        "routing.enabled=false",
    ],
)
def test_the_guard_only_warns_where_not_all_pods_are_routed(value):
    """Pods of other namespaces are then not refused."""
    assert actions(template(value)) == ["Warn", "Audit"]


@pytest.mark.parametrize("minor", RELEASES)
@pytest.mark.parametrize("mode", ["extender", "audit-only"])
def test_other_modes_route_and_refuse_nothing(mode, minor):
    """There is no second scheduler."""
    documents = template(f"mode={mode}", *everything(minor), minor=minor)
    assert not {each["kind"] for each in documents if "AdmissionPolicy" in each["kind"]}
    assert not [each for each in documents if each["metadata"]["name"].endswith("-routing")]
    assert "--route-to" not in str(documents)
