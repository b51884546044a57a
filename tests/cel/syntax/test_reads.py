"""An answer depends on nothing but what the selector says it reads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extender.cel import CelDevice, Dialect, Reads, compile_selector, unlimited
from extender.model import Attribute, AttributeKind
from tests.cel.golden import CASES, DEVICES

values = st.one_of(
    st.integers(-3, 3).map(lambda value: Attribute(AttributeKind.INT, value)),
    st.booleans().map(lambda value: Attribute(AttributeKind.BOOL, value)),
    st.sampled_from(["gpu", "nic", "a100"]).map(lambda value: Attribute(AttributeKind.STRING, value)),
    st.sampled_from(["1.2.3", "580.0.0"]).map(lambda value: Attribute(AttributeKind.VERSION, value)),
)
domains = st.sampled_from(
    ["gpu.nvidia.com", "dra.net", "resource.kubernetes.io", "dra.cpu", "other.example.com"]
)
identifiers = st.sampled_from(
    ["type", "rdma", "numaNode", "index", "pciBusID", "s", "i", "b", "v", "model", "extra"]
)
attributes = st.dictionaries(st.tuples(domains, identifiers).map("/".join), values, max_size=8)


def bounded():
    """The cases that compile and read certain attributes only."""
    selectors = [(case, compile_selector(case.expression, Dialect(), unlimited())) for case in CASES]
    return [case for case, each in selectors if each.program is not None and not each.reads.everything]


def is_read(name: str, reads: Reads) -> bool:
    return name in reads.attributes or name.partition("/")[0] in reads.domains


@given(case=st.deferred(lambda: st.sampled_from(bounded())), before=attributes, after=attributes)
def test_other_attributes_do_not_matter(case, before, after):
    """Replacing every attribute that is not read leaves the answer as it is."""
    selector = compile_selector(case.expression, Dialect(), unlimited())
    device = DEVICES[case.device]
    supported = {name: value for name, value in device.attributes.items() if not value.kind.is_list}
    read = {name: value for name, value in (before | supported).items() if is_read(name, selector.reads)}
    answers = {
        selector.matches(CelDevice(device.driver, True, {**others, **read}, device.capacity), unlimited())
        for noise in (before, after)
        for others in [{name: value for name, value in noise.items() if not is_read(name, selector.reads)}]
    }
    assert len(answers) == 1


@pytest.mark.parametrize(
    ("expression", "names", "whole_domains", "everything"),
    [
        ("device.driver == 'a' && device.allowMultipleAllocations", set(), set(), False),
        ("device.capacity['a'].b == quantity('1')", set(), set(), False),
        ("device.attributes['a'].b == 1 || device.attributes['c']['d'] == 2", {"a/b", "c/d"}, set(), False),
        ("has(device.attributes['a'].b)", {"a/b"}, set(), False),
        ("device.attributes['a'].?b.orValue(1) == 1", {"a/b"}, set(), False),
        ("device.attributes[?'a'].b.hasValue()", {"a/b"}, set(), False),
        ("'b' in device.attributes['a']", {"a/b"}, set(), False),
        ("'a' in device.attributes", set(), {"a"}, False),
        ("size(device.attributes['a']) == 1", set(), {"a"}, False),
        ("device.attributes['a'].exists(k, k == 'b')", set(), {"a"}, False),
        ("device.attributes['a'][device.driver] == 1", set(), {"a"}, False),
        ("cel.bind(d, device.attributes['a'], d.b == 1 && d.c == 2)", {"a/b", "a/c"}, set(), False),
        ("cel.bind(d, device.attributes['a'], true)", set(), set(), False),
        ("cel.bind(d, device, d.attributes['a'].b == 1)", {"a/b"}, set(), False),
        ("[1].exists(device, device == 1)", set(), set(), False),
        ("size(device.attributes) == 1", set(), set(), True),
        ("device.attributes[device.driver].b == 1", set(), set(), True),
        ("dyn(device).attributes['a'].b == 1", set(), set(), True),
        ("(true ? device.attributes['a'] : device.attributes['b']).c == 1", set(), {"a", "b"}, False),
    ],
)
def test_reads(expression, names, whole_domains, everything):
    """What is read is as narrow as the way it is written allows."""
    selector = compile_selector(expression, Dialect(), unlimited())
    assert selector.program is not None
    assert selector.reads == Reads(frozenset(names), frozenset(whole_domains), everything)
