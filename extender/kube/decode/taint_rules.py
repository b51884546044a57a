"""
DeviceTaintRules of every version.

v1alpha3 can also select by class and CEL; later versions cannot.
Source: k8s.io/api resource/v1, v1beta2 and v1alpha3 types.go, v0.37.
"""

from __future__ import annotations

import msgspec

from extender.model import DeviceTaintRule, Taint

from .device_traits import TaintJSON
from .errors import UNREADABLE, refuse
from .fields import Metadata, Wire, object_name
from .interner import Interner


class DeviceSelectorJSON(Wire):
    driver: str | None = None
    pool: str | None = None
    device: str | None = None
    device_class_name: str | None = None
    selectors: list[msgspec.Raw] | None = None


class RuleSpec(Wire):
    device_selector: DeviceSelectorJSON | None = None
    taint: TaintJSON | None = None


class RuleJSON(Wire):
    metadata: Metadata | None = None
    spec: RuleSpec | None = None


_RULE = msgspec.json.Decoder(RuleJSON)


def device_taint_rule(data: bytes | msgspec.Raw, interner: Interner) -> DeviceTaintRule:
    """Decode a DeviceTaintRule. Raises ``DecodeError``."""
    try:
        return _rule(_RULE.decode(data), interner)
    except UNREADABLE as error:
        raise refuse("DeviceTaintRule", data, error, _RULE) from None


def _rule(wire: RuleJSON, interner: Interner) -> DeviceTaintRule:
    spec, texts = wire.spec or RuleSpec(), interner.texts
    selector, taint = spec.device_selector or DeviceSelectorJSON(), spec.taint or TaintJSON()
    return DeviceTaintRule(
        name=object_name(wire.metadata),
        taint=Taint(taint.key or "", taint.effect or "", taint.value or ""),
        driver=texts[selector.driver or ""],
        pool=texts[selector.pool or ""],
        device=texts[selector.device or ""],
        selects=spec.device_selector is not None,
        by_class_or_cel=bool(selector.device_class_name or selector.selectors),
    )
