"""The manifests, the image and the scheduler configurations say what the documentation promises."""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess

import pytest
import yaml

from extender.cli.serve import command as serve
from extender.kube.decode.resources import FOLLOWED
from extender.kube.rewriting.admission_policy import asking
from extender.service.config import LEASE
from extender.service.http.mutate import OWNER_SECONDS
from extender.service.listeners import Listener, ListenOptions, listeners_of
from tests.e2e.kustomization import render
from tests.manifests import DEPLOY, MANIFESTS, OVERLAYS, deployed, documents, named, ordered, short, the
from tests.paths import ROOT

SAMPLES = sorted((ROOT / "scheduler-config").glob("*.yaml"))

IN_TREE_WEIGHTS = {
    "TaintToleration": 3,
    "NodeAffinity": 2,
    "PodTopologySpread": 2,
    "InterPodAffinity": 2,
    "DynamicResources": 2,
    "NodeResourcesFit": 1,
    "NodeResourcesBalancedAllocation": 1,
    "ImageLocality": 1,
}
"""Score weights of the default profile; pkg/scheduler/apis/config/v1/default_plugins.go, v1.36."""

GRANTED = {
    "base": {
        ("", "namespaces"): {"list", "watch"},
        ("", "nodes"): {"list", "watch"},
        ("", "pods"): {"list", "watch"},
        ("resource.k8s.io", "deviceclasses"): {"list", "watch"},
        ("resource.k8s.io", "devicetaintrules"): {"list", "watch"},
        ("resource.k8s.io", "resourceclaims"): {"list", "watch"},
        ("resource.k8s.io", "resourceslices"): {"list", "watch"},
    },
    "components/bind": {
        ("", "pods"): {"get"},
        ("", "pods/binding"): {"create"},
        ("events.k8s.io", "events"): {"create"},
    },
    "components/nominate": {("", "pods/status"): {"patch"}, ("events.k8s.io", "events"): {"create"}},
    "components/webhook": {("events.k8s.io", "events"): {"create"}},
}
"""The rights that each folder of ``deploy`` grants."""
GRANTING = sorted({path.parent for path in MANIFESTS if "kind: ClusterRole\n" in path.read_text()})


def container() -> dict:
    (only,) = the("Deployment")["spec"]["template"]["spec"]["containers"]
    return only


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile as (instruction, rest), continued lines joined, comments dropped."""
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [tuple(line.split(None, 1)) for line in joined.splitlines() if line.strip()]  # type: ignore[misc]


@pytest.mark.parametrize("path", [*MANIFESTS, *SAMPLES], ids=short)
def test_every_document_names_its_kind(path):
    """Each YAML document is an object with apiVersion and kind."""
    assert all({"apiVersion", "kind"} <= set(document) for document in documents(path))


def test_kustomizations_refer_to_what_is_there():
    """Every path in a kustomization exists, and every manifest is reached by one."""
    reached = set()
    for path in DEPLOY.rglob("kustomization.yaml"):
        (kustomization,) = documents(path)
        referred = [*kustomization.get("resources", []), *kustomization.get("components", [])]
        referred += [patch["path"] for patch in kustomization.get("patches", []) if "path" in patch]
        for name in referred:
            target = (path.parent / name).resolve()
            assert target.exists(), f"{short(path)} refers to {name}"
            reached.add(target / "kustomization.yaml" if target.is_dir() else target)
    overlays = {path.resolve() for path in (DEPLOY / "overlays").rglob("kustomization.yaml")}
    # What an overlay of the user includes, as the README says; tests/test_site_files.py does so.
    overlays.add((DEPLOY / "components/files/kustomization.yaml").resolve())
    assert {path.resolve() for path in MANIFESTS} - reached - overlays == set()


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl renders kustomizations")
@pytest.mark.parametrize("folder", OVERLAYS)
def test_kustomizations_render(folder):
    """kubectl renders them as our tests do, with the image of the base filled in."""
    done = subprocess.run(
        ["kubectl", "kustomize", DEPLOY / folder], capture_output=True, text=True, timeout=60, check=True
    )
    rendered = {named(document): ordered(document) for document in yaml.safe_load_all(done.stdout)}
    assert rendered == {named(document): ordered(document) for document in render(DEPLOY / folder)}
    image = deployed(folder)["spec"]["template"]["spec"]["containers"][0]["image"]
    assert re.fullmatch(r"registry\.example\.com/dra-extender:\d+\.\d+\.\d+", image)


def test_only_the_component_binds():
    """It adds the option to whatever arguments there are, and keeps a scheduler at one replica."""
    folders = DEPLOY / "base", DEPLOY / "overlays/bind"
    base, bound = ({named(each): each for each in render(folder)} for folder in folders)
    arguments = [
        objects["Deployment", "dra-extender"]["spec"]["template"]["spec"]["containers"][0]["args"]
        for objects in (base, bound)
    ]
    assert "--bind" not in arguments[0]
    assert arguments[1] == [*arguments[0], "--bind"]
    assert "sessionAffinity" not in base["Service", "dra-extender"]["spec"]
    assert bound["Service", "dra-extender"]["spec"]["sessionAffinity"] == "ClientIP"


def test_each_folder_that_grants_rights_is_listed():
    """No component grants anything unseen."""
    assert {str(folder.relative_to(DEPLOY)) for folder in GRANTING} == set(GRANTED)
    kinds = {"Role", "RoleBinding"}
    folders = {path.parent for path in MANIFESTS for document in documents(path) if document["kind"] in kinds}
    assert folders == {DEPLOY / "components/nominate"}


def test_the_nominator_has_its_lease_and_no_other():
    """One Lease in our namespace: those of nodes and of other leaders are none of its business."""
    folder = DEPLOY / "components/nominate"
    role, binding = the("Role", folder), the("RoleBinding", folder)
    assert role["rules"] == [
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create"]},
        {
            "apiGroups": ["coordination.k8s.io"],
            "resources": ["leases"],
            "resourceNames": [LEASE],
            "verbs": ["get", "update"],
        },
    ]
    namespace = the("Namespace")["metadata"]["name"]
    assert {document["metadata"]["namespace"] for document in (role, binding)} == {namespace}
    assert binding["roleRef"] == {
        "apiGroup": "rbac.authorization.k8s.io",
        "kind": "Role",
        "name": role["metadata"]["name"],
    }
    assert binding["subjects"] == the("ClusterRoleBinding", folder)["subjects"]


def test_only_the_component_nominates():
    """It adds the option to whatever arguments there are."""
    arguments = [
        deployed(folder)["spec"]["template"]["spec"]["containers"][0]["args"]
        for folder in ("base", "overlays/nominate")
    ]
    assert "--nominate" not in arguments[0]
    assert arguments[1] == [*arguments[0], "--nominate"]


@pytest.mark.parametrize("folder", GRANTING, ids=short)
def test_the_rights_are_these_and_no_more(folder):
    """Each ClusterRole names groups, resources and verbs one by one."""
    granted: dict[tuple[str, str], set[str]] = {}
    for rule in the("ClusterRole", folder)["rules"]:
        assert set(rule) == {"apiGroups", "resources", "verbs"}
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                granted.setdefault((group, resource), set()).update(rule["verbs"])
    assert granted == GRANTED[str(folder.relative_to(DEPLOY))]


def test_the_reflectors_may_read_what_they_follow():
    """Each kind that the service watches is granted, without any component."""
    for resource in FOLLOWED:
        assert GRANTED["base"][resource.kind.group, resource.kind.plural] >= {"list", "watch"}


@pytest.mark.parametrize("folder", GRANTING, ids=short)
def test_the_roles_are_bound_to_the_pods_service_account(folder):
    """Binding, role, ServiceAccount and Deployment name one another."""
    binding, account = the("ClusterRoleBinding", folder), the("ServiceAccount")["metadata"]["name"]
    namespace = the("Namespace")["metadata"]["name"]
    assert binding["roleRef"]["name"] == the("ClusterRole", folder)["metadata"]["name"]
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": account, "namespace": namespace}]
    assert the("Deployment")["spec"]["template"]["spec"]["serviceAccountName"] == account


def test_the_pod_follows_the_live_cluster():
    """It has a token for that, and no dump."""
    assert "--cluster" not in container()["args"]
    assert the("Deployment")["spec"]["template"]["spec"]["automountServiceAccountToken"] is True


def test_pod_and_image_run_as_the_same_user():
    """The numeric user of the image, which is not root, is the pod's."""
    security = the("Deployment")["spec"]["template"]["spec"]["securityContext"]
    user = f"{security['runAsUser']}:{security['runAsGroup']}"
    assert [rest for word, rest in instructions() if word == "USER"] == [user]
    assert security["runAsUser"] > 0


def options(args: list[str]) -> ListenOptions:
    """The options about listeners in the arguments of a container."""
    parser = argparse.ArgumentParser()
    serve.add_arguments(parser)
    return serve.listen_options(parser.parse_args(args[1:]))


def listeners(args: list[str]) -> dict[str, Listener]:
    """What a container with these arguments listens on."""
    return {listener.name: listener for listener in listeners_of(options(args))}


def test_only_known_callers_reach_the_verbs():
    """The scheduler's client certificate is checked by name; people come from the pod itself."""
    served = listeners(container()["args"])
    assert set(served) == {"verbs", "ops", "people"}
    tls = served["verbs"].tls
    assert tls is not None
    assert tls.client_ca is not None
    assert tls.client_names == {"kube-scheduler"}
    assert served["people"].address.loopback
    assert not any(listener.warning for listener in served.values())


def test_the_ports_from_end_to_end():
    """Image, arguments, container, Service, probes, ServiceMonitor and samples agree on the ports."""
    ports = {port["name"]: port["containerPort"] for port in container()["ports"]}
    served = listeners(container()["args"])
    assert ports == {name: served[name].address.port for name in ("verbs", "ops")}
    assert ("EXPOSE", str(ports["verbs"])) in instructions()
    for port in the("Service")["spec"]["ports"]:
        assert (port["name"], port["port"]) == (port["targetPort"], ports[port["name"]])
    probes = [container()[f"{name}Probe"]["httpGet"] for name in ("startup", "readiness", "liveness")]
    assert [(probe["path"], probe["port"]) for probe in probes] == [
        ("/readyz", "ops"),
        ("/readyz", "ops"),
        ("/livez", "ops"),
    ]
    (endpoint,) = the("ServiceMonitor", DEPLOY / "components/monitoring")["spec"]["endpoints"]
    assert (endpoint["port"], endpoint["path"]) == ("ops", "/metrics")
    for path in SAMPLES:
        (extender,) = documents(path)[0]["extenders"]
        assert extender["urlPrefix"] == f"https://dra-extender.dra-extender.svc:{ports['verbs']}"


def test_the_files_of_the_verbs_come_from_the_secret_that_cert_manager_makes():
    """Arguments, mount, volume and Certificates agree, and so do the names that each side demands."""
    (mount,) = container()["volumeMounts"]
    (volume,) = the("Deployment")["spec"]["template"]["spec"]["volumes"]
    tls = listeners(container()["args"])["verbs"].tls
    assert tls is not None
    assert volume["name"] == mount["name"]
    assert {str(path) for path in tls.files} == {
        f"{mount['mountPath']}/{key}" for key in ("tls.crt", "tls.key", "ca.crt")
    }
    path = DEPLOY / "components/cert-manager-verbs/certificates.yaml"
    certificates = {document["metadata"]["name"]: document["spec"] for document in documents(path)}
    server, client = certificates["dra-extender-verbs"], certificates["dra-extender-scheduler"]
    assert server["secretName"] == volume["secret"]["secretName"]
    assert client["commonName"] in tls.client_names
    assert server["issuerRef"] == client["issuerRef"]
    for sample in SAMPLES:
        (extender,) = documents(sample)[0]["extenders"]
        assert server["dnsNames"] == [extender["tlsConfig"]["serverName"]]
        assert extender["urlPrefix"].startswith(f"https://{server['dnsNames'][0]}:")


def test_selectors_find_the_pods():
    """Deployment, Service, disruption budget and ServiceMonitor select the label that the pods carry."""
    label = {"app.kubernetes.io/name": "dra-extender"}
    deployment = the("Deployment")
    assert deployment["spec"]["template"]["metadata"]["labels"] == label
    assert deployment["spec"]["selector"]["matchLabels"] == label
    assert the("Service")["spec"]["selector"] == label
    budget = the("PodDisruptionBudget", DEPLOY / "components/ha")
    monitor = the("ServiceMonitor", DEPLOY / "components/monitoring")
    assert budget["spec"]["selector"]["matchLabels"] == monitor["spec"]["selector"]["matchLabels"] == label


def test_a_disruption_budget_comes_with_a_second_replica():
    """A budget on one replica would only block node drains."""
    budget = the("PodDisruptionBudget", DEPLOY / "components/ha")["spec"]["minAvailable"]
    assert the("Deployment", DEPLOY / "components/ha")["spec"]["replicas"] > budget
    assert the("Deployment")["spec"]["replicas"] == 1


@pytest.mark.parametrize("path", SAMPLES, ids=short)
def test_samples_keep_to_the_facts_of_the_protocol(path):
    """Only names are sent, no pod is hidden, failures stop nothing, the timeout is above our bound."""
    (document,) = documents(path)
    assert document["apiVersion"] == "kubescheduler.config.k8s.io/v1"
    assert document["kind"] == "KubeSchedulerConfiguration"
    (extender,) = document["extenders"]
    assert extender["nodeCacheCapable"] is True
    assert extender["ignorable"] is True
    assert "managedResources" not in extender
    assert re.fullmatch(r"[4-9]s", extender["httpTimeout"])
    assert extender["prioritizeVerb"] == "prioritize"
    assert extender.get("filterVerb", "filter") == "filter"
    assert extender.get("bindVerb", "bind") == "bind"
    assert "preemptVerb" not in extender
    assert extender["enableHTTPS"] is True
    # Without an authority kube-scheduler verifies nothing.
    assert {"caFile", "certFile", "keyFile", "serverName"} == set(extender["tlsConfig"])


def weight(name: str) -> int:
    (document,) = documents(ROOT / "scheduler-config" / name)
    return document["extenders"][0]["weight"]


@pytest.mark.parametrize(
    "name", ["score-alignment-first.yaml", "score-and-filter.yaml", "score-and-bind.yaml"]
)
def test_alignment_first_outweighs_the_scheduler(name):
    """One point of ours, times weight and ten, is more than all in-tree plugins can add."""
    assert 1 * weight(name) * 10 > sum(IN_TREE_WEIGHTS.values()) * 100


def test_balanced_is_one_plugin_among_others():
    """The whole range, 0 to 10, is worth what a plugin of weight 1 adds."""
    assert 10 * weight("score-balanced.yaml") * 10 == 100


def test_the_image_installs_nothing_unchecked():
    """Every pip command of the image checks hashes, or can reach no index."""
    commands = [
        command.strip()
        for word, rest in instructions()
        if word == "RUN"
        for command in rest.split("&&")
        if re.search(r"\bpip\b.*\b(install|wheel)\b", command)
    ]
    assert len(commands) == 4
    assert all("--require-hashes" in command or "--no-index" in command for command in commands)


def test_the_image_runs_a_supported_python():
    """Both stages use one Python, of the versions the package declares."""
    declared = re.findall(r"Python :: (3\.\d+)\"", (ROOT / "pyproject.toml").read_text())
    (base,) = [rest for word, rest in instructions() if word == "ARG" and rest.startswith("BASE=")]
    found = re.fullmatch(r"BASE=python:(3\.\d+)-slim", base)
    assert found is not None
    assert found[1] in declared
    stages = [rest.split()[0] for word, rest in instructions() if word == "FROM"]
    assert stages == ["${BASE}"] * 2


def test_the_webhook_can_do_no_harm():
    """Without an answer objects are created as they are; only what may ask is sent; the wait is short."""
    (webhook,) = the("MutatingWebhookConfiguration", DEPLOY / "components/webhook")["webhooks"]
    assert webhook["failurePolicy"] == "Ignore"
    assert webhook["timeoutSeconds"] > OWNER_SECONDS
    assert webhook["timeoutSeconds"] <= 5
    assert webhook["sideEffects"] == "NoneOnDryRun"
    (condition,) = webhook["matchConditions"]
    assert " ".join(asking().split()) in " ".join(condition["expression"].split())


def test_the_webhook_s_service_and_certificate_lead_to_the_pod():
    """Configuration, Service, container and Certificate agree on names, port and path."""
    folder = DEPLOY / "components/webhook"
    (webhook,) = the("MutatingWebhookConfiguration", folder)["webhooks"]
    service, target = the("Service", folder), webhook["clientConfig"]["service"]
    (port,) = service["spec"]["ports"]
    assert (target["name"], target["namespace"]) == (
        service["metadata"]["name"],
        service["metadata"]["namespace"],
    )
    assert (target["port"], target["path"]) == (port["port"], "/mutate")
    assert service["spec"]["selector"] == the("Service")["spec"]["selector"]
    pod = the("Deployment", folder)["spec"]["template"]["spec"]
    (serving,) = pod["containers"]
    (served,) = serving["ports"]
    assert served["name"] == port["targetPort"]
    assert listeners(serving["args"])["webhook"].address.port == served["containerPort"]
    assert serving["args"][: len(container()["args"])] == container()["args"]
    (mount,) = serving["volumeMounts"]
    tls = listeners(serving["args"])["webhook"].tls
    assert tls is not None
    assert {str(path) for path in tls.files} == {
        f"{mount['mountPath']}/tls.{kind}" for kind in ("crt", "key")
    }
    certificate = the("Certificate", DEPLOY / "components/cert-manager")
    assert pod["volumes"][0]["secret"]["secretName"] == certificate["spec"]["secretName"]
    assert certificate["spec"]["dnsNames"] == [f"{target['name']}.{target['namespace']}.svc"]
