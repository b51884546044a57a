"""The API server refuses the claims that we refuse, and accepts those that we accept."""

from __future__ import annotations

import pytest

from tests.claim_validation import ValidationCase, validation_cases
from tests.e2e.api import RESOURCES, InvalidClaims, connect
from tests.e2e.control_plane import start

pytestmark = pytest.mark.e2e

OLDER = ("v1beta2", "v1beta1")
GATES = {"DRAConsumableCapacity": True, "DRAPrioritizedList": True, "DRADeviceTaints": True}


async def accepted(api, case: ValidationCase) -> bool:
    """Whether the API server would create the claim, as kubectl asks it to."""
    path = RESOURCES[case.manifest["kind"]].format(namespace="default").replace("/v1/", f"/{case.version}/")
    try:
        await api.request("POST", path, case.manifest, dryRun="All", fieldValidation="Strict")
    except InvalidClaims as refused:
        if refused.status not in (400, 422):
            raise
        return False
    return True


async def test_the_api_server_agrees(plane, tmp_path):
    """Every case of the list, in every version of the API, with nothing stored."""
    served = [f"resource.k8s.io/{version}" for version in OLDER]
    with start(plane.minor, tmp_path, GATES, served) as older:
        async with connect(older) as api:
            answers = {case.name: await accepted(api, case) for case in validation_cases()}
    wanted = {case.name: case.accepted_by(plane.minor) for case in validation_cases()}
    assert {name: answer for name, answer in answers.items() if answer != wanted[name]} == {}
    assert set(answers.values()) == {True, False}
