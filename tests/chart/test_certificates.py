"""The certificates that Helm makes: whoever is to trust them does, and they end when the values say."""

from __future__ import annotations

import base64
import ssl
import time
from datetime import UTC, datetime, timedelta

import pytest

from extender.cli.renew.issuing import Authority, Pem
from extender.service.listeners import Tls
from extender.service.process.certificate_expiry import expiry
from tests.chart.render import NEEDS_HELM, Refused, served, template
from tests.handshake import met

pytestmark = NEEDS_HELM

DAY = 24 * 3600
HOST = "fast-dra-extender.gpu-system.svc"
WEBHOOK_HOST = "fast-dra-extender-webhook.gpu-system.svc"


def rendered(*values, minor="1.36"):
    return template(*values, minor=minor, release="fast", namespace="gpu-system")


def secrets(documents):
    """The files of each Secret, by what it is for."""
    return {
        each["metadata"]["name"].removeprefix("fast-dra-extender-"): {
            name: base64.b64decode(data) for name, data in each["data"].items()
        }
        for each in documents
        if each["kind"] == "Secret"
    }


def written(folder, files):
    """As the kubelet mounts a Secret."""
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


@pytest.mark.parametrize(("values", "minor"), [((), "1.35"), (("webhook=true", "mode=extender"), "1.36")])
async def test_the_api_server_trusts_the_webhook(tmp_path, values, minor):
    """By the issuer in each configuration, for the name of the Service that it calls."""
    documents = rendered(*values, minor=minor)
    folder = written(tmp_path / "webhook", secrets(documents)["webhook"])
    configurations = [each for each in documents if each["kind"] == "MutatingWebhookConfiguration"]
    assert configurations
    for each in configurations:
        client_config = each["webhooks"][0]["clientConfig"]
        service = client_config["service"]
        assert f"{service['name']}.{service['namespace']}.svc" == WEBHOOK_HOST
        issuer = base64.b64decode(client_config["caBundle"]).decode()
        client = ssl.create_default_context(cadata=issuer)
        await met(Tls(folder / "tls.crt", folder / "tls.key"), client, WEBHOOK_HOST)


@pytest.mark.parametrize(
    ("which", "names"), [("scheduler", {"kube-scheduler"}), ("webhook", {WEBHOOK_HOST}), ("verbs", {HOST})]
)
async def test_kube_scheduler_and_the_extender_know_each_other(tmp_path, which, names):
    """By the files that each is given. The same authority signs the others, which have other names."""
    documents = rendered("mode=extender", "webhook=true")
    assert served(documents).client_name == ["kube-scheduler"]
    server, client = (
        written(tmp_path / part, secrets(documents)[name]) for part, name in (("of", "verbs"), ("by", which))
    )
    context = ssl.create_default_context(cafile=client / "ca.crt")
    context.load_cert_chain(client / "tls.crt", client / "tls.key")
    tls = Tls(server / "tls.crt", server / "tls.key", server / "ca.crt", frozenset({"any"}))
    assert await met(tls, context, HOST) == names


async def test_what_is_renewed_is_trusted_as_what_helm_made(tmp_path):
    """By a client and a server that have the authority of before: OpenSSL, which is stricter than Go."""
    found = secrets(rendered("mode=extender"))
    now, made = datetime.now(UTC), found["authority"]
    authority = Authority.of(Pem(made["tls.crt"], made["tls.key"]), now)
    for which, host in (("verbs", HOST), ("scheduler", "kube-scheduler")):
        pem = authority.issue(host, 90, now)
        found[which] |= {"tls.crt": pem.certificate, "tls.key": pem.key}
    server, client = (written(tmp_path / which, found[which]) for which in ("verbs", "scheduler"))
    context = ssl.create_default_context(cafile=client / "ca.crt")
    context.load_cert_chain(client / "tls.crt", client / "tls.key")
    tls = Tls(server / "tls.crt", server / "tls.key", server / "ca.crt", frozenset({"any"}))
    assert await met(tls, context, HOST) == {"kube-scheduler"}


@pytest.mark.parametrize("days", [365, 90])
def test_certificates_end_and_are_renewed_when_the_value_says(days):
    """From the day on when a third is left; the authority goes on for ten years."""
    documents = rendered("mode=extender", "webhook=true", f"certificates.days={days}")
    found = secrets(documents)
    ends = {name: expiry(files["tls.crt"].decode()) for name, files in found.items()}
    assert ends.pop("authority") == pytest.approx(time.time() + 3650 * DAY, abs=DAY)
    assert set(ends) == {"verbs", "scheduler", "webhook"}
    assert list(ends.values()) == pytest.approx([time.time() + days * DAY] * 3, abs=DAY)
    dates = {
        each["metadata"]["annotations"]["dra-extender.io/renew-from"]
        for each in documents
        if each["kind"] == "Secret" and "annotations" in each["metadata"]
    }
    expected = datetime.now(UTC) + timedelta(days=days * 2 / 3)
    assert dates <= {str((expected + timedelta(days=shift)).date()) for shift in (-1, 0, 1)}
    assert len(dates) == 1


def test_a_certificate_that_would_end_before_the_alert_is_refused():
    """The alert comes 21 days before the end, and the renewal must be due by then."""
    with pytest.raises(Refused, match="certificates"):
        rendered("certificates.days=60")


@pytest.mark.parametrize("source", ["cert-manager", "existing"])
def test_helm_makes_none_where_others_do(source):
    """Then cert-manager writes the issuer, or the values name it; both webhooks are reached alike."""
    bundle = base64.b64encode(b"issuer").decode()
    values = [f"certificates.source={source}", "webhook=true"]
    if source == "existing":
        values.append(f"certificates.webhookCaBundle={bundle}")
    documents = rendered(*values, minor="1.35")
    assert secrets(documents) == {}
    webhooks = [each for each in documents if each["kind"] == "MutatingWebhookConfiguration"]
    names = {each["metadata"]["name"] for each in webhooks}
    assert names == {"fast-dra-extender-routing", "fast-dra-extender"}
    for each in webhooks:
        annotations = each["metadata"].get("annotations", {})
        (webhook,) = each["webhooks"]
        if source == "existing":
            assert annotations == {}
            assert webhook["clientConfig"]["caBundle"] == bundle
        else:
            assert annotations == {"cert-manager.io/inject-ca-from": "gpu-system/fast-dra-extender-webhook"}
            assert "caBundle" not in webhook["clientConfig"]


def test_without_a_webhook_the_second_scheduler_needs_none():
    """All that it serves is on loopback, or holds no secrets."""
    assert secrets(rendered()) == {}
    assert secrets(rendered("routing.enabled=false", minor="1.35")) == {}
