"""Helm renders the chart for each mode and minor, and what comes out is what the documentation promises."""

from __future__ import annotations

import shutil
import subprocess

import pytest
import yaml

from extender.cli.serve import command as serve
from extender.kube.decode.resources import FOLLOWED
from extender.service.listeners import listeners_of
from tests.chart.render import (
    MODES,
    NEEDS_HELM,
    OF_THE_OPERATOR,
    Refused,
    configuration,
    container,
    everything,
    notes,
    pod,
    pod_templates,
    run,
    served,
    template,
    the,
)
from tests.chart.values import CHART
from tests.e2e.releases import RELEASES
from tests.pod_security import violations

pytestmark = NEEDS_HELM

GATES = 'scheduler.featureGates={"DRAListTypeAttributes": true, "OpportunisticBatching": false}'


def full(minor="1.36"):
    """Every switch on."""
    return (*everything(minor), *OF_THE_OPERATOR, GATES)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("values", [(), full()], ids=["defaults", "everything"])
def test_helm_lint_finds_nothing(mode, values):
    """Neither with the defaults nor with every switch on."""
    settings = [part for value in (f"mode={mode}", *values) for part in ("--set-json", jsoned(value))]
    assert "0 chart(s) failed" in run("lint", "--strict", CHART, *settings)


def jsoned(value):
    """``name=value`` with the value as JSON."""
    name, _, text = value.partition("=")
    plain = text[:1] in '{["' or text in ("true", "false") or text.isdigit()
    return value if plain else f'{name}="{text}"'


@pytest.mark.parametrize("minor", RELEASES)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("switched_on", [False, True], ids=["defaults", "everything"])
def test_every_mode_renders_for_every_minor(mode, minor, switched_on):
    """Each object has its kind and name once, is in the release's namespace, and its pod is restricted."""
    values = full(minor) if switched_on else ()
    documents = template(f"mode={mode}", *values, minor=minor, release="fast", namespace="gpu-system")
    names = [(each["kind"], each["metadata"]["name"]) for each in documents]
    assert len(set(names)) == len(names)
    assert all(name.startswith("fast-dra-extender") for _, name in names)
    namespaces = {each["metadata"].get("namespace") for each in documents}
    assert namespaces <= {None, "gpu-system", "kube-system"}
    for each in pod_templates(documents):
        assert violations(each["spec"]) == []
        assert each["spec"]["schedulerName"] == "default-scheduler"
    assert "dra-extender.dra-extender" not in str(documents)


@pytest.mark.parametrize("minor", RELEASES)
def test_the_second_scheduler_asks_the_extender_of_its_own_pod(minor):
    """Over loopback; Lease, rights and image are right, and the image's release is predicted."""
    documents = template(minor=minor, release="fast", namespace="gpu-system")
    found = configuration(documents)
    (extender,) = found["extenders"]
    (verbs,) = [
        each for each in listeners_of(serve.listen_options(served(documents))) if each.name == "verbs"
    ]
    assert verbs.address.loopback
    assert extender["urlPrefix"] == f"http://{verbs.address.host}:{verbs.address.port}"
    assert container(documents, "kube-scheduler")["image"].endswith(f":v{RELEASES[minor]}")
    assert served(documents).kubernetes == RELEASES[minor]
    assert found["clientConnection"] == {"qps": 400, "burst": 800}
    lease = found["leaderElection"]
    assert lease["leaderElect"] is True
    assert lease["resourceNamespace"] == "gpu-system"
    assert "percentageOfNodesToScore" not in found
    (role,) = [
        each
        for each in documents
        if each["kind"] == "Role" and each["metadata"]["name"].endswith("scheduler")
    ]
    assert role["metadata"]["namespace"] == "gpu-system"
    assert role["rules"][1]["resourceNames"] == [lease["resourceName"]]
    granted = {each["roleRef"]["name"] for each in documents if each["kind"] == "ClusterRoleBinding"}
    assert granted == {"fast-dra-extender", "system:kube-scheduler", "system:volume-scheduler"}
    assert [profile["schedulerName"] for profile in found["profiles"]] == ["fast-dra-extender"]


def test_another_replica_takes_over_in_time():
    """
    Within 17 s at most, and never while the leader that it replaces may still act.

    Source: k8s.io/client-go tools/leaderelection leaderelection.go, v0.36. Who waits looks after 1 to 2.2
    times the retry period, and counts the duration from when it saw the last renewal. The leader begins to
    renew after one retry period and gives up when the deadline has passed.
    """
    lease = configuration(template())["leaderElection"]
    duration, deadline, retry = (
        int(lease[name].removesuffix("s")) for name in ("leaseDuration", "renewDeadline", "retryPeriod")
    )
    assert duration + 2 * 2.2 * retry < 17
    assert duration - (retry + deadline) == 15 - (2 + 10)
    assert deadline > 1.2 * retry


@pytest.mark.parametrize("mode", ["second-scheduler", "extender"])
def test_all_nodes_may_be_offered(mode):
    """In both configurations of a scheduler, for all of its profiles."""
    documents = template(f"mode={mode}", "scheduler.percentageOfNodesToScore=100")
    (found,) = [
        yaml.safe_load(each["data"][name])
        for each in documents
        if each["kind"] == "ConfigMap"
        for name in ("config.yaml", "dra-extender-scheduler.yaml")
        if name in each["data"]
    ]
    assert found["percentageOfNodesToScore"] == 100
    assert found["leaderElection"]["leaderElect"] is True


def test_a_provider_s_version_names_the_release():
    """GKE and k3s add a suffix, which no image of kube-scheduler has."""
    documents = template("scheduler.version=v1.35.4-gke.1829001")
    assert container(documents, "kube-scheduler")["image"] == "registry.k8s.io/kube-scheduler:v1.35.4"
    assert served(documents).kubernetes == "1.35.4"


def test_gates_reach_both_programs():
    """The scheduler gets all, the extender those that influence predictions."""
    documents = template(GATES)
    assert (
        "--feature-gates=DRAListTypeAttributes=true,OpportunisticBatching=false"
        in container(documents, "kube-scheduler")["args"]
    )
    arguments = container(documents, "dra-extender")["args"]
    assert arguments[arguments.index("--feature-gates") + 1] == "DRAListTypeAttributes=true"


def test_the_audit_only_reads():
    """It may list what the command reads and nothing else; no webhook, Service or Lease is made."""
    documents = template("mode=audit-only", *full())
    rules = the("ClusterRole", documents)["rules"]
    assert {verb for rule in rules for verb in rule["verbs"]} == {"list"}
    granted = {(group, name) for rule in rules for group in rule["apiGroups"] for name in rule["resources"]}
    assert granted == {(resource.kind.group, resource.kind.plural) for resource in FOLLOWED}
    assert {each["kind"] for each in documents} == {
        "ServiceAccount",
        "ClusterRole",
        "ClusterRoleBinding",
        "CronJob",
    }


def test_nominating_is_for_the_second_scheduler_s_pods_and_by_the_release_s_lease():
    """The option names the Lease that the Role grants."""
    documents = template("nominate=true", release="fast", namespace="gpu-system")
    arguments = container(documents, "dra-extender")["args"]
    (role,) = [
        each for each in documents if each["kind"] == "Role" and "nominate" in each["metadata"]["name"]
    ]
    (lease,) = role["rules"][1]["resourceNames"]
    assert arguments[arguments.index("--nominate-lease") + 1] == f"gpu-system/{lease}"
    assert arguments[arguments.index("--scheduler-name") + 1] == "fast-dra-extender"


def test_the_files_for_the_control_plane():
    """The configuration is complete and names the release's Service."""
    documents = template("mode=extender", "bind=true", release="fast", namespace="gpu-system")
    data = the("ConfigMap", documents)["data"]
    found = yaml.safe_load(data["dra-extender-scheduler.yaml"])
    (extender,) = found["extenders"]
    host = "fast-dra-extender.gpu-system.svc"
    assert extender["urlPrefix"] == f"https://{host}:8888"
    assert extender["tlsConfig"]["serverName"] == host
    assert extender["bindVerb"] == "bind"


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl applies the patch")
def test_the_patch_adds_the_configuration_to_kubeadm_s_static_pod(tmp_path):
    """As the notes say, with kubectl: what was there stays."""
    before = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "kube-scheduler", "namespace": "kube-system"},
        "spec": {
            "hostNetwork": True,
            "containers": [
                {
                    "name": "kube-scheduler",
                    "command": ["kube-scheduler", "--leader-elect=true"],
                    "volumeMounts": [{"name": "kubeconfig", "mountPath": "/etc/kubernetes/scheduler.conf"}],
                }
            ],
            "volumes": [{"name": "kubeconfig", "hostPath": {"path": "/etc/kubernetes/scheduler.conf"}}],
        },
    }
    (tmp_path / "before.yaml").write_text(yaml.safe_dump(before))
    patch = the("ConfigMap", template("mode=extender"))["data"]["kube-scheduler-patch.yaml"]
    (tmp_path / "patch.yaml").write_text(patch)
    done = subprocess.run(
        [
            "kubectl",
            "patch",
            "-f",
            "before.yaml",
            "--local",
            "--type=json",
            "--patch-file",
            "patch.yaml",
            "-o",
            "yaml",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    spec = yaml.safe_load(done.stdout)["spec"]
    (scheduler,) = spec["containers"]
    config = "/etc/kubernetes/dra-extender-scheduler.yaml"
    assert scheduler["command"] == ["kube-scheduler", "--leader-elect=true", f"--config={config}"]
    mounted = {mount["name"]: mount["mountPath"] for mount in scheduler["volumeMounts"]}
    assert mounted == {each["name"]: each["hostPath"]["path"] for each in spec["volumes"]}
    assert set(mounted.values()) == {"/etc/kubernetes/scheduler.conf", config, "/etc/kubernetes/dra-extender"}
    assert spec["dnsPolicy"] == "ClusterFirstWithHostNet"


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ("mode=third", "mode"),
        ("replicas=0", "replicas"),
        ("scheduler.percentageOfNodesToScore=101", "percentageOfNodesToScore"),
        ("schedulr.weight=1", "schedulr"),
        ("image.digest=latest", "digest"),
        ("guard.action=Maybe", "guard"),
        ("routing.failurePolicy=null", "failurePolicy"),
    ],
)
def test_wrong_values_are_refused(value, field):
    """The schema says which value is wrong."""
    with pytest.raises(Refused, match=field):
        template(value)


@pytest.mark.parametrize("version", ["1.33.9", "1.39.0"])
def test_other_releases_are_refused(version):
    """Their allocator is not predicted."""
    with pytest.raises(Refused, match="kubeVersion"):
        run("template", "dra-extender", CHART, "--kube-version", version)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((), 'as a second scheduler, named "fast-dra-extender"'),
        (("routing.enabled=false",), "schedulerName: fast-dra-extender"),
        ((), "are sent to it when they are created, by a policy"),
        (("guard.action=Warn",), "name another scheduler are let in with a warning"),
        (("mode=extender",), "kube-scheduler0+json.yaml"),
        (("mode=extender", "certificates.days=100"), "certificate is valid for 100 days"),
        (("mode=audit-only",), "--from=cronjob/fast-dra-extender-audit"),
    ],
    ids=["second-scheduler", "unrouted", "routed", "guarded", "extender", "certificate", "audit-only"],
)
def test_the_notes_say_what_to_check_next(tmp_path, values, said):
    """Helm shows them after an installation only, so they are rendered into an object here."""
    text = notes(tmp_path, *values, release="fast", namespace="gpu-system")
    assert said in text
    assert "-n gpu-system" in text
    assert "image.repository is still the example" in text
    assert "<no value>" not in text


def test_the_cluster_may_choose_the_user():
    """As OpenShift does; the pod runs as another user than root all the same."""
    context = pod(template("runAsUser=0"))["securityContext"]
    assert context == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}


@pytest.mark.parametrize(("status", "expected"), [(0, 0), (1, 0), (2, 2)])
def test_a_finding_of_the_audit_is_no_failed_job(tmp_path, status, expected):
    """Status 1 is a finding, 2 a failure; the options reach the program."""
    audit = container(template("mode=audit-only", 'audit.extraArgs=["--top", "3 4"]'), "audit")
    program = tmp_path / "dra-extender"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@"\nexit {status}\n')
    program.chmod(0o755)
    done = subprocess.run(
        [*audit["command"], *audit["args"]],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
    )
    assert done.returncode == expected
    assert done.stdout.splitlines() == ["audit", "--top", "3 4"]


def test_nominating_is_refused_where_the_release_has_it_not():
    """serve would end at its start."""
    with pytest.raises(Refused, match="nominate needs Kubernetes"):
        template("nominate=true", minor="1.34")
