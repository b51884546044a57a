"""Whatever JSON comes, decoding gives a value or a DecodeError, the same each time."""

from __future__ import annotations

import copy
import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from extender.kube import decode
from extender.kube.decode import DecodeError, Interner
from tests.paths import DATA

DECODERS = {
    "Pod": decode.pod,
    "ResourceClaim": decode.resource_claim,
    "ResourceClaimTemplate": decode.claim_template,
    "ResourceSlice": decode.resource_slice,
    "DeviceClass": decode.device_class,
    "DeviceTaintRule": decode.device_taint_rule,
}
SAMPLES = [
    document
    for path in sorted(DATA.glob("*/*.yaml"))
    if path.parent.name in {"slices", "claims"}
    for document in yaml.safe_load_all(path.read_text())
    if document["kind"] in DECODERS
]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.sampled_from(["40Gi", "-1", "1e999999999", "0.0000000000001", "9" * 5000, "In", "\ud800"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


def places(value, path=()):
    """Every path into ``value``, the root not included."""
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, inner in entries:
        yield (*path, key)
        yield from places(inner, (*path, key))


@st.composite
def mutated(draw):
    """A sample with one to three places replaced, removed or moved."""
    document = copy.deepcopy(draw(st.sampled_from(SAMPLES)))
    kind = document["kind"]
    for _ in range(draw(st.integers(1, 3))):
        *parents, last = draw(st.sampled_from(list(places(document)) or [("metadata",)]))
        place = document
        for key in parents:
            place = place[key]
        if draw(st.booleans()):
            place[last] = draw(VALUES)
        elif isinstance(place, dict):
            place[draw(st.text(max_size=3))] = place.pop(last, None)
        else:
            del place[last]
    return kind, json.dumps(document).encode()


def outcome(kind, data):
    try:
        return DECODERS[kind](data, Interner())
    except DecodeError as error:
        return str(error)


@given(mutated())
def test_mutated_objects(case):
    """A value or a DecodeError that names the kind; decoding again gives the same."""
    kind, data = case
    first = outcome(kind, data)
    assert first == outcome(kind, data)
    if isinstance(first, str):
        assert first.startswith(f"{kind} ")


@given(st.sampled_from(sorted(DECODERS)), st.binary(max_size=200))
def test_any_bytes(kind, data):
    """Bytes that are no JSON are refused like everything else."""
    with pytest.raises(DecodeError):
        DECODERS[kind](data, Interner())


@given(st.sampled_from(SAMPLES), st.data())
def test_cut_and_spoilt_bytes(document, data):
    """An object with a byte changed, or cut short, never raises anything else."""
    text = bytearray(json.dumps(document).encode())
    position = data.draw(st.integers(0, len(text) - 1))
    text[position] = data.draw(st.integers(0, 255))
    outcome(document["kind"], bytes(text))
    with pytest.raises(DecodeError):
        DECODERS[document["kind"]](bytes(text[:position]), Interner())
