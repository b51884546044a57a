"""
Ask Kubernetes' own allocator what a case says of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import yaml

from extender.core.releases.history import release_for
from extender.model.quantity import parse_quantity
from tests.allocator_case import ALLOCATOR_FEATURES
from tests.cases.case import Asked
from tests.oracle.client import Oracle

JSON = Mapping[str, Any]


def request_of(asked: Asked, node: str, known: frozenset[str]) -> dict[str, Any]:
    """
    The pod of the question on ``node`` as the oracle takes it; ``known``: the features it has.

    Only what is left to allocate is asked for. Empty where that is nothing.
    """
    objects = list(_objects(asked))
    of_kind = {
        kind: [each for each in objects if each["kind"] == kind]
        for kind in ("Node", "DeviceClass", "ResourceSlice", "ResourceClaim", "Pod")
    }
    claims = {each["metadata"]["name"]: each for each in of_kind["ResourceClaim"]}
    pod = next(each for each in of_kind["Pod"] if each["metadata"]["name"] == asked.question.pod)
    wanted = [claims[each["resourceClaimName"]] for each in pod["spec"]["resourceClaims"]]
    left = [each for each in wanted if not _results(each)]
    if not left:
        return {}
    features = release_for(asked.version, asked.gates).features
    on = [
        name
        for name, fields in ALLOCATOR_FEATURES.items()
        if name in known and all(getattr(features, field) for field in fields)
    ]
    return {
        "features": sorted(on),
        "node": next(each for each in of_kind["Node"] if each["metadata"]["name"] == node),
        "classes": of_kind["DeviceClass"],
        "slices": [_as_v1(each) for each in of_kind["ResourceSlice"]],
        "claims": left,
        **_held(claims.values(), shares=features.consumable_capacity),
    }


def asked_for(request: JSON, devices: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Of ``devices`` by request, those of the claims in ``request``: others are allocated already."""
    names = {each["name"] for claim in request["claims"] for each in claim["spec"]["devices"]["requests"]}
    return {name: found for name, found in devices.items() if name.partition("/")[0] in names}


def devices_of(answer: JSON) -> dict[str, list[str]]:
    """The devices of an answer by request, as a case has them."""
    found: dict[str, list[str]] = {}
    for allocation in answer["results"]:
        for result in allocation["devices"]["results"]:
            found.setdefault(result["request"], []).append(result["device"])
    return found


def asked_of(oracle: Oracle, request: JSON, *, runs: int, seconds: float) -> list[JSON]:
    """The distinct answers of the real allocator."""
    answer = oracle.allocate(request, runs=runs, timeoutSeconds=seconds)
    answers: list[JSON] = answer.get("answers", [answer])
    return answers


def _objects(asked: Asked) -> Iterator[JSON]:
    yield from yaml.safe_load_all(asked.cluster.read_text())


def _results(claim: JSON) -> list[JSON]:
    results: list[JSON] = claim.get("status", {}).get("allocation", {}).get("devices", {}).get("results", [])
    return results


def _held(claims: Iterable[JSON], *, shares: bool) -> dict[str, Any]:
    """
    What the claims of the cluster hold; without ``shares`` a share is its whole device.

    Source: k8s.io/kubernetes pkg/scheduler/framework/plugins/dynamicresources
    foreachAllocatedDevice, v1.35.
    """
    devices: list[str] = []
    shared: list[str] = []
    amounts: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for result in (result for claim in claims for result in _results(claim)):
        device = f"{result['driver']}/{result['pool']}/{result['device']}"
        if "shareID" not in result or not shares:
            devices.append(device)
            continue
        shared.append(f"{device}/{result['shareID']}")
        for name, amount in result.get("consumedCapacity", {}).items():
            amounts[device][name] += Decimal(parse_quantity(amount).value)
    return {
        "allocatedDevices": devices,
        "allocatedSharedDeviceIDs": shared,
        "allocatedCapacity": {
            device: {name: str(amount) for name, amount in each.items()} for device, each in amounts.items()
        },
    }


def _as_v1(slice_: JSON) -> JSON:
    """The slice as the API server gives it to the scheduler: v1beta1 has devices in ``basic``."""
    devices = [
        {"name": each["name"], **each["basic"]} if "basic" in each else each
        for each in slice_["spec"].get("devices", [])
    ]
    spec = {**slice_["spec"], "devices": devices} if devices else slice_["spec"]
    return {**slice_, "apiVersion": "resource.k8s.io/v1", "spec": spec}
