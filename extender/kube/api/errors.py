"""What goes wrong between us and the API server, in words that tell what to do."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

DUMP_INSTEAD = "or read a dump of it: --cluster FILE"


class LiveError(Exception):
    """The cluster cannot be read or written; the text says why and what to do."""


class ApiRefusal(LiveError):
    """
    The server answered with ``status``, which is no success.

    ``retry_after_seconds`` is what it asked us to wait, 0 where it did not ask.
    """

    def __init__(self, text: str, status: int, retry_after_seconds: float = 0.0) -> None:
        super().__init__(text)
        self.status = status
        self.retry_after_seconds = retry_after_seconds


class Unreachable(LiveError):
    """No answer came, or it broke off: whether the server has acted is not known."""


class NotTrusted(Unreachable):
    """TLS with the server failed, so that no request was sent."""


class AnswerTooLarge(LiveError):
    """The server sends more than we take at once."""


class Rule(NamedTuple):
    """A rule of RBAC: ``verb`` on ``resource``, with its group (``resourceslices.resource.k8s.io``)."""

    verb: str
    resource: str

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}"


MOST_MESSAGE = 1000
"""Characters of what a server says that are repeated."""


class _Status(msgspec.Struct, gc=False):
    message: str | None = None


_STATUS = msgspec.json.Decoder(_Status)


def reason(status: int, phrase: str, body: bytes | str, rule: Rule) -> str:
    """
    Return what the server said and what to do about it.

    ``phrase`` stands in where the body is no Status with a message.
    """
    try:
        message = (_STATUS.decode(body).message or phrase)[:MOST_MESSAGE]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        message = phrase
    match status:
        case 401:
            advice = "the server does not know these credentials, or they expired"
        case 403:
            advice = f"grant this user the verb {rule.verb} on {rule.resource} in a ClusterRole"
        case 404 if rule.verb in {"list", "watch"} and rule.resource.endswith(".resource.k8s.io"):
            advice = "this server does not serve resource.k8s.io/v1; Kubernetes 1.34 and later do"
        case _ if rule.verb in {"get", "list", "watch"}:
            advice = f"try again, {DUMP_INSTEAD}"
        case 404 | 409:
            advice = "it was deleted or changed meanwhile; check it with kubectl get"
        case _:
            advice = "try again"
    return f"{message} ({status}); {advice}"


def no_configuration(error: Exception) -> LiveError:
    return LiveError(
        f"no usable cluster configuration: {error}; set KUBECONFIG to a file with which kubectl works,"
        f" {DUMP_INSTEAD}"
    )


def not_trusted(host: str, error: Exception) -> NotTrusted:
    return NotTrusted(
        f"{host}: no answer ({error}); check server and certificate-authority in the kubeconfig"
    )


def no_answer(host: str, error: Exception) -> Unreachable:
    return Unreachable(
        f"{host}: no answer ({str(error) or type(error).__name__});"
        f" check that kubectl get --raw /version works, {DUMP_INSTEAD}"
    )
