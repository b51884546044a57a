"""The NetworkPolicies open what the components need, to those who need it, and nothing else."""

from __future__ import annotations

from tests.manifests import DEPLOY, deployed, documents, the

POLICIES = DEPLOY / "components/network-policy"
TEST_NET_1 = "192.0.2.0/24"
"""Addresses for documentation, RFC 5737."""


def policies() -> dict[str, dict]:
    """The NetworkPolicies by name, without the prefix that all share."""
    found = [doc for path in sorted(POLICIES.glob("*.yaml")) for doc in documents(path)]
    return {
        document["metadata"]["name"].removeprefix("dra-extender-"): document
        for document in found
        if document["kind"] == "NetworkPolicy"
    }


def opened(policy: dict) -> set[str]:
    """The ports that the policy opens; each rule names peers and ports, as without them it is open to all."""
    rules = policy["spec"].get("ingress", [])
    assert all(rule["from"] and rule["ports"] for rule in rules)
    return {port["port"] for rule in rules for port in rule["ports"]}


def test_all_that_no_policy_names_is_denied():
    """In both directions, for every pod of the namespace; the other policies select our pods."""
    deny = policies()["deny"]["spec"]
    assert deny == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    label = the("Deployment")["spec"]["template"]["metadata"]["labels"]
    others = [policy for name, policy in policies().items() if name != "deny"]
    assert len(others) == 2
    assert all(policy["spec"]["podSelector"] == {"matchLabels": label} for policy in others)
    namespace = the("Namespace")["metadata"]["name"]
    assert {policy["metadata"]["namespace"] for policy in policies().values()} == {namespace}


def test_the_control_plane_reaches_every_port_and_others_only_metrics():
    """Each port that a policy opens is one of the pod with all components, and each of the pod is opened."""
    (serving,) = deployed("overlays/webhook")["spec"]["template"]["spec"]["containers"]
    assert opened(policies()["control-plane"]) == {port["name"] for port in serving["ports"]}
    (endpoint,) = the("ServiceMonitor", DEPLOY / "components/monitoring")["spec"]["endpoints"]
    assert opened(policies()["metrics"]) == {endpoint["port"]}


def test_the_control_plane_is_named_once_and_left_to_the_administrator():
    """One list of addresses, for what comes in and for the API server; as it is it names no machine."""
    spec = policies()["control-plane"]["spec"]
    (incoming,), (outgoing,) = spec["ingress"], spec["egress"]
    assert incoming["from"] == outgoing["to"] == [{"ipBlock": {"cidr": TEST_NET_1}}]
    assert (POLICIES / "control-plane.yaml").read_text().count("cidr:") == 1
    assert {port["port"] for port in outgoing["ports"]} == {443, 6443}
    assert all(
        "egress" not in policy["spec"] for name, policy in policies().items() if name != "control-plane"
    )


def test_who_reads_metrics_is_chosen_by_namespace_and_pod():
    """Two selectors in one peer: with a peer for each, any pod of any namespace would do."""
    (rule,) = policies()["metrics"]["spec"]["ingress"]
    (peer,) = rule["from"]
    assert peer["namespaceSelector"]["matchLabels"]
    assert peer["podSelector"]["matchLabels"]
