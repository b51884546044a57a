"""The lines of a recording as they are spelled; what they mean is told in ``reader``."""

from __future__ import annotations

import msgspec


class HeaderJSON(msgspec.Struct, gc=False):
    kubernetes: str | None = None
    feature_gates: dict[str, bool] | None = msgspec.field(name="featureGates", default=None)
    cluster: msgspec.Raw = msgspec.Raw()


class RequestJSON(msgspec.Struct, gc=False):
    verb: str | None = None
    body: msgspec.Raw = msgspec.Raw()
    answer: msgspec.Raw = msgspec.Raw()


class ConditionJSON(msgspec.Struct, gc=False):
    status: str | None = None
    reason: str | None = None
    message: str | None = None


class OutcomeJSON(msgspec.Struct, gc=False):
    node: str | None = None
    condition: ConditionJSON | None = None
    allocations: dict[str, msgspec.Raw] | None = None


class GoneJSON(msgspec.Struct, gc=False):
    kind: str
    name: str


class LineJSON(msgspec.Struct, gc=False):
    """An attempt, with all claims or those that differ, or a change of the cluster."""

    pod: str | None = None
    attempt: int | None = None
    claims: list[msgspec.Raw] | None = None
    claims_changed: list[msgspec.Raw] | None = msgspec.field(name="claimsChanged", default=None)
    claims_gone: list[str] | None = msgspec.field(name="claimsGone", default=None)
    requests: list[RequestJSON] | None = None
    outcome: OutcomeJSON | None = None
    cluster: msgspec.Raw = msgspec.Raw()
    cluster_gone: list[GoneJSON] | None = msgspec.field(name="clusterGone", default=None)


class ArgsJSON(msgspec.Struct, gc=False):
    """The extender request's body; only filter and prioritize hold the pod."""

    pod: msgspec.Raw = msgspec.field(name="Pod", default=msgspec.Raw())


HEADER = msgspec.json.Decoder(HeaderJSON)
LINE = msgspec.json.Decoder(LineJSON)
ARGS = msgspec.json.Decoder(ArgsJSON)
