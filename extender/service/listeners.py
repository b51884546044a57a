"""
Listeners: which callers are served on which address, and what they must show.

A caller is trusted by the listener that it reaches. Kube-scheduler sends no credentials but a client
certificate, so the verbs are served on loopback or over mutual TLS.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from .config_error import ConfigError


class Audience(StrEnum):
    """
    Who calls.

    ``verbs``: kube-scheduler. ``ops``: the kubelet and Prometheus. ``webhook``: the API server.
    ``people``: whoever wants to see why a pod was placed as it was.
    """

    VERBS = "verbs"
    OPS = "ops"
    WEBHOOK = "webhook"
    PEOPLE = "people"


class Address(NamedTuple):
    """``host`` empty: all interfaces. ``port`` 0: any free port."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def loopback(self) -> bool:
        """Whether only processes of this machine reach it."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether ``host``, a name or an address without brackets, is this machine's loopback."""
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def parse_address(text: str, *, option: str = "--listen") -> Address:
    """Parse ``HOST:PORT``, ``[IPV6]:PORT`` or ``:PORT``. Raises ``ConfigError``."""
    match = re.fullmatch(r"(?:\[(?P<v6>[0-9a-fA-F:.%]+)\]|(?P<host>[^\[\]:\s/]*)):(?P<port>[0-9]{1,5})", text)
    if match is None or int(match["port"]) > 65535:
        raise ConfigError(
            option, f"expected HOST:PORT, got {text!r}; give for example 127.0.0.1:8888, [::1]:8888 or :8888"
        )
    return Address(match["v6"] or match["host"] or "", int(match["port"]))


@dataclass(frozen=True, slots=True)
class Tls:
    """
    A certificate to serve with, and what client certificates must show.

    All files are PEM; ``certificate`` is the chain. ``client_ca``: clients must have a certificate of one of
    these issuers; ``None``: clients need none. ``client_names``: the client's certificate must have one of
    them as DNS name, URI or common name; empty: every name will do. ``option`` is named in errors.
    """

    certificate: Path
    key: Path
    client_ca: Path | None = None
    client_names: frozenset[str] = frozenset()
    option: str = "--tls-cert"

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that are read."""
        files = (self.certificate, self.key)
        return files if self.client_ca is None else (*files, self.client_ca)


class Reloaded(StrEnum):
    """``failed``: the new files cannot be used, and the old ones still are."""

    RENEWED = "renewed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Listener:
    """
    An address and who is served there.

    ``name`` is the value of the label ``listener`` of metrics. ``option`` is the one that gave the address.
    ``warning``: what to log at each start because it is dangerous, empty where it is not.
    """

    name: str
    option: str
    address: Address
    audiences: tuple[Audience, ...]
    tls: Tls | None = None
    warning: str = ""

    @property
    def scheme(self) -> str:
        return "http" if self.tls is None else "https"


ALL = "all"
"""The name of a listener that serves everything."""

LISTENER_NAMES = (ALL, *Audience)
VERBS_ADDRESS = Address("127.0.0.1", 8888)
PEOPLE_ADDRESS = Address("127.0.0.1", 8889)


def everything(address: Address = VERBS_ADDRESS) -> Listener:
    """Serve all callers on one loopback ``address``. Raises ``ConfigError`` for any other."""
    if not address.loopback:
        raise ConfigError(
            "--listen",
            f"serves everything without authentication, so it takes loopback addresses only, not {address}; "
            f"for kube-scheduler write --verbs-listen {address} --tls-cert FILE --tls-key FILE --client-ca "
            "FILE --client-name NAME, for probes and metrics --ops-listen HOST:PORT",
        )
    return Listener(ALL, "--listen", address, tuple(Audience))


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenOptions:
    """The options about listeners as they were given; ``None``: not given."""

    listen: str | None = None
    verbs_listen: str | None = None
    ops_listen: str | None = None
    people_listen: str | None = None
    webhook_listen: str | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    client_ca: Path | None = None
    client_names: tuple[str, ...] = ()
    insecure_verbs: bool = False
    webhook_cert: Path | None = None
    webhook_key: Path | None = None
    webhook_client_ca: Path | None = None


def listeners_of(options: ListenOptions) -> tuple[Listener, ...]:
    """
    Decide who is served where. Raises ``ConfigError``.

    Without a listener of its own for the verbs, for ops or for people everything is served on the loopback
    address of ``--listen``. With one of them the verbs and people have theirs in any case, ops only where
    it is given. The webhook always needs its own.
    """
    webhook = _webhook(options)
    split = (options.verbs_listen, options.ops_listen, options.people_listen)
    if any(split):
        if options.listen:
            raise ConfigError(
                "--listen",
                "serves everything on one address; leave it out beside --verbs-listen, --ops-listen and "
                "--people-listen",
            )
        return (_verbs(options), *_ops(options), _people(options), *webhook)
    for name, given in _of_verbs(options).items():
        if given:
            raise ConfigError(
                name,
                "is about the listener of the verbs; give its address with --verbs-listen HOST:PORT, or, for "
                "the webhook, write --webhook-cert and --webhook-key",
            )
    address = parse_address(options.listen) if options.listen else VERBS_ADDRESS
    return (everything(address), *webhook)


def _of_verbs(options: ListenOptions) -> dict[str, object]:
    return {
        "--tls-cert": options.tls_cert,
        "--tls-key": options.tls_key,
        "--client-ca": options.client_ca,
        "--client-name": options.client_names,
        "--insecure-verbs": options.insecure_verbs,
    }


def _verbs(options: ListenOptions) -> Listener:
    option = "--verbs-listen"
    address = parse_address(options.verbs_listen, option=option) if options.verbs_listen else VERBS_ADDRESS
    tls = _tls(options.tls_cert, options.tls_key, "--tls-cert", "--tls-key")
    if options.client_ca is not None or options.client_names:
        if tls is None or options.client_ca is None or not options.client_names:
            raise ConfigError(
                "--client-ca",
                "clients are known by --tls-cert, --tls-key, --client-ca and --client-name together; give "
                "all four (the cluster's own CA signs for every kubelet, so the name decides)",
            )
        tls = Tls(tls.certificate, tls.key, options.client_ca, frozenset(options.client_names))
    warning = ""
    if not address.loopback and (tls is None or tls.client_ca is None):
        if not options.insecure_verbs:
            raise ConfigError(
                option,
                f"{address} is not loopback, where anybody could bind pods and place them; give --tls-cert, "
                "--tls-key, --client-ca and --client-name, or listen on 127.0.0.1 beside kube-scheduler, or "
                "accept the danger with --insecure-verbs",
            )
        warning = (
            "--insecure-verbs: whoever reaches this address can bind pods and choose their nodes; give "
            "--tls-cert, --tls-key, --client-ca and --client-name instead"
        )
    return Listener(Audience.VERBS, option, address, (Audience.VERBS,), tls, warning)


def _ops(options: ListenOptions) -> tuple[Listener, ...]:
    if not options.ops_listen:
        return ()
    address = parse_address(options.ops_listen, option="--ops-listen")
    return (Listener(Audience.OPS, "--ops-listen", address, (Audience.OPS,)),)


def _people(options: ListenOptions) -> Listener:
    option = "--people-listen"
    address = parse_address(options.people_listen, option=option) if options.people_listen else PEOPLE_ADDRESS
    warning = (
        "" if address.loopback else "whoever reaches this address reads names of pods, claims and devices"
    )
    return Listener(Audience.PEOPLE, option, address, (Audience.PEOPLE,), warning=warning)


def _webhook(options: ListenOptions) -> tuple[Listener, ...]:
    option = "--webhook-listen"
    tls = _tls(options.webhook_cert, options.webhook_key, "--webhook-cert", "--webhook-key")
    if not options.webhook_listen:
        if tls is not None or options.webhook_client_ca is not None:
            raise ConfigError("--webhook-cert", f"is of no use without {option} HOST:PORT; give it, too")
        return ()
    if tls is None:
        hint = "; --tls-cert and --tls-key are those of the verbs now" if options.tls_cert else ""
        raise ConfigError(option, f"takes --webhook-cert FILE and --webhook-key FILE{hint}")
    tls = Tls(tls.certificate, tls.key, options.webhook_client_ca, option="--webhook-cert")
    address = parse_address(options.webhook_listen, option=option)
    return (Listener(Audience.WEBHOOK, option, address, (Audience.WEBHOOK,), tls),)


def _tls(certificate: Path | None, key: Path | None, cert_option: str, key_option: str) -> Tls | None:
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise ConfigError(cert_option, f"goes with {key_option}; give both or none")
    return Tls(certificate, key, option=cert_option)
