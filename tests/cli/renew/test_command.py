"""``renew`` against an API server: what is due is replaced at once, and nothing else is touched."""

from __future__ import annotations

import asyncio
import base64
from datetime import timedelta

import pytest

from extender.cli.renew.issuing import Authority, Certificate
from extender.cli.renew.renewal import RENEW_FROM
from tests.cli.renew.authorities import NOW, aged, authority_pem, secret
from tests.kube.api_server import serving, status, write_kubeconfig

SECRETS = "/api/v1/namespaces/team/secrets"
PEM = authority_pem()
HOSTS = {"verbs": "x.team.svc", "webhook": "x-webhook.team.svc"}


@pytest.fixture
async def server(tmp_path):
    """It has an authority, and certificates of which one is due."""
    async with serving() as server:
        write_kubeconfig(tmp_path / "kubeconfig", server.url)
        server.bodies["list", f"{SECRETS}/authority"] = secret("authority", PEM)
        for name, days in (("verbs", 10), ("webhook", 61)):
            server.bodies["list", f"{SECRETS}/{name}"] = secret(name, aged(PEM, HOSTS[name], days))
        yield server


@pytest.fixture
def renew(run, tmp_path):
    """Runs the command in a thread, as the server needs this one."""
    asked = [f"--certificate={name}={host}" for name, host in HOSTS.items()]
    given = ["--authority=authority", "--namespace=team", f"--kubeconfig={tmp_path / 'kubeconfig'}", *asked]
    return lambda *more: asyncio.to_thread(run, "renew", *given, *more)


def patches(server):
    """The bodies of what was written, by the Secret's name."""
    return {each.path.removeprefix(f"{SECRETS}/"): each for each in server.asked if each.method != "GET"}


async def test_what_is_due_is_renewed_and_nothing_else(server, renew):
    """Certificate and key at once, as long as the Secret is as it was read; the issuer stays as it is."""
    ran = await renew("--days=200")
    assert (ran.status, ran.err) == (0, "")
    assert [line.partition(":")[0] for line in ran.out.splitlines()] == ["verbs", "webhook"]
    assert "webhook: renewed, valid until" in ran.out
    written = patches(server)
    assert set(written) == {"webhook"}
    assert (written["webhook"].method, written["webhook"].content_type) == (
        "PATCH",
        "application/merge-patch+json",
    )
    body = written["webhook"].body
    assert set(body["data"]) == {"tls.crt", "tls.key"}
    assert body["metadata"]["resourceVersion"] == "7"
    made = Certificate.of(base64.b64decode(body["data"]["tls.crt"]))
    assert Authority.of(PEM, NOW).issued(made)
    assert made.ends == pytest.approx(NOW + timedelta(days=200), abs=timedelta(hours=1))
    assert body["metadata"]["annotations"] == {RENEW_FROM: str(made.due.date())}


async def test_a_name_that_somebody_wrote_into_a_secret_is_not_signed(server, renew):
    """The host is the one that the option names."""
    server.bodies["list", f"{SECRETS}/webhook"] = secret("webhook", aged(PEM, "kube-scheduler", 80))
    await renew()
    made = Certificate.of(base64.b64decode(patches(server)["webhook"].body["data"]["tls.crt"]))
    assert made.parsed.subject.rfc4514_string() == f"CN={HOSTS['webhook']}"


async def test_a_certificate_of_another_authority_stays(server, renew):
    """Whoever connects may trust only that one; the message says how to replace it, the other is renewed."""
    server.bodies["list", f"{SECRETS}/verbs"] = secret("verbs", aged(authority_pem(), HOSTS["verbs"], 80))
    ran = await renew()
    assert ran.status == 2
    assert "Secret team/verbs has a certificate of another authority" in ran.err
    assert "delete it and run helm upgrade" in ran.err
    assert set(patches(server)) == {"webhook"}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"metadata": {"resourceVersion": "7"}, "data": {}}', "has no tls.crt"),
        (b'{"metadata": {"resourceVersion": "7"}, "data": {"tls.crt": "!"}}', "cannot be read"),
        (b'{"metadata": {"resourceVersion": "7"}, "data": {"tls.crt": "eA=="}}', "is no certificate"),
        (b"[]", "cannot be read"),
    ],
)
async def test_a_secret_that_cannot_be_used(server, renew, body, said):
    """It is named and stays as it is; the others are renewed."""
    server.bodies["list", f"{SECRETS}/verbs"] = body
    ran = await renew()
    assert ran.status == 2
    assert f"Secret team/verbs {said}" in ran.err
    assert set(patches(server)) == {"webhook"}


async def test_without_the_authority_nothing_is_written(server, renew):
    """The message names the right that is missing."""
    server.failures["list", f"{SECRETS}/authority"] = [status(403, "forbidden")]
    ran = await renew()
    assert ran.status == 2
    assert "get on secrets" in ran.err
    assert patches(server) == {}


async def test_an_authority_that_has_ended(server, renew):
    """It signs nothing; the message says how to get another one."""
    ended = authority_pem(ends=NOW - timedelta(days=1))
    server.bodies["list", f"{SECRETS}/authority"] = secret("authority", ended)
    ran = await renew()
    assert ran.status == 2
    assert "Secret team/authority ended on" in ran.err
    assert "delete it and the Secrets of its certificates and run helm upgrade" in ran.err
    assert patches(server) == {}


async def test_a_secret_that_changed_meanwhile_is_left_to_the_next_run(server, renew):
    """The API server refuses the patch, and the status is that of a failure, so that the Job tries again."""
    server.failures["patch", f"{SECRETS}/webhook"] = [status(409, "the object has been modified")]
    ran = await renew()
    assert ran.status == 2
    assert "deleted or changed meanwhile" in ran.err


async def test_no_key_is_printed(server, renew):
    """Neither when all is well nor when the authority's key cannot be used."""
    ran = await renew()
    server.bodies["list", f"{SECRETS}/authority"] = server.bodies["list", f"{SECRETS}/webhook"].replace(
        b'"tls.crt"', b'"tls.key2"'
    )
    failed = await renew()
    assert failed.status == 2
    for text in (ran.out, ran.err, failed.out, failed.err):
        assert "PRIVATE" not in text
        assert "MII" not in text


@pytest.mark.parametrize(
    "options",
    [
        ["--certificate=webhook"],
        ["--certificate=../other=host"],
        ["--certificate=webhook=Host"],
        ["--days=0"],
        ["--days=826"],
    ],
)
def test_options_that_cannot_be_used(run, options):
    """Before anything is read."""
    ran = run("renew", "--authority=a", "--certificate=b=c", *options)
    assert ran.status == 2
    assert "expected" in ran.err
