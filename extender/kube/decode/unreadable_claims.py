"""
What an allocated claim holds, where the claim as a whole cannot be read.

Its devices are taken, whatever else is wrong with it: left out altogether they would look free. The texts
that authors and drivers put into claims as they like (``opaque.parameters``, ``status.devices[].data``)
are not looked at here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from extender.model import Allocation, Claim, ClaimSpec, Consumer, DeviceID, DeviceResult, PoolID

from .allocations import ResultJSON, device_result
from .claim_users import ConsumerJSON, claim_owner, consumers
from .errors import UNREADABLE
from .fields import Metadata, Wire
from .interner import Interner
from .json_parts import JSONParts
from .object_head import object_head

UNREADABLE_SPEC = ClaimSpec("unreadable")


class _DeviceJSON(Wire):
    driver: str | None = None
    pool: str | None = None
    device: str | None = None


_METADATA = msgspec.json.Decoder(Metadata)
_RESULT = msgspec.json.Decoder(ResultJSON)
_DEVICE = msgspec.json.Decoder(_DeviceJSON)
_CONSUMERS = msgspec.json.Decoder(list[ConsumerJSON])


def held_by(data: bytes, interner: Interner) -> Claim | None:
    """
    Return the claim with its devices and those it is reserved for; ``None`` where it holds none.

    Of a result that cannot be read as a whole, its pool is one of ``unclear_pools``; ``None`` also where
    not even that can be read of any result.
    """
    try:
        claim = _members(data)
        status = _members(claim.get("status", b"{}"))
        devices = _members(_members(status.get("allocation", b"{}")).get("devices", b"{}"))
        texts = list(JSONParts(devices.get("results", b"[]")).elements())
    except UNREADABLE:
        return None
    results: list[DeviceResult] = []
    unclear: dict[PoolID, None] = {}
    for text in texts:
        device = _device(text)
        if device is None:
            continue
        try:
            results.append(device_result(_RESULT.decode(text), "", interner))
        except UNREADABLE:
            results.append(DeviceResult("", device))
            unclear[PoolID(device.driver, device.pool)] = None
    head = object_head(data)
    if not (results and head.name and head.namespace):
        return None
    metadata = _metadata(claim.get("metadata", b"{}"))
    owner = claim_owner(metadata)
    return Claim(
        namespace=interner.texts[head.namespace],
        name=head.name,
        uid=metadata.uid or "",
        spec=UNREADABLE_SPEC,
        allocation=Allocation(tuple(results)),
        reserved_for=_consumers(status.get("reservedFor", b"[]")),
        deleting=metadata.deletion_timestamp is not None,
        owner_uid=owner.uid,
        pod_group=owner.pod_group,
        unreadable=True,
        unclear_pools=tuple(unclear),
    )


def _members(data: bytes) -> Mapping[str, bytes]:
    """The members of an object, none of ``null``. Raises ``JSONPartsError``."""
    return {} if data == b"null" else dict(_pairs(JSONParts(data)))


def _pairs(parts: JSONParts) -> Iterator[tuple[str, bytes]]:
    for key in parts.members():
        yield key, parts.value()


def _device(text: bytes) -> DeviceID | None:
    """The device of a result, of which other members may be of any form."""
    try:
        members = _members(text)
        kept = b",".join(b'"%s":%s' % (key.encode(), members[key]) for key in _NAMES if key in members)
        wire = _DEVICE.decode(b"{%s}" % kept)
    except UNREADABLE:
        return None
    if not (wire.driver and wire.pool):
        return None
    return DeviceID(wire.driver, wire.pool, wire.device or "")


_NAMES = ("driver", "pool", "device")


def _metadata(data: bytes) -> Metadata:
    try:
        return _METADATA.decode(data)
    except UNREADABLE:
        return Metadata()


def _consumers(data: bytes) -> tuple[Consumer, ...]:
    try:
        return consumers(_CONSUMERS.decode(data))
    except UNREADABLE:
        return ()
