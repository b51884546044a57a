"""
Expressions that derive an attribute: every type of result, and errors.
"""

from __future__ import annotations

from tests.cel.questions.question import GPU, Question

_EXPRESSIONS = {
    "string": f"{GPU}.s + '-' + device.driver",
    "int": f"{GPU}.i * 2",
    "bool": f"!{GPU}.b",
    "version": f"{GPU}.v",
    "version-literal": "semver('1.2.3-rc.1+build')",
    "normalized-version": "semver('v1.2', true)",
    "attribute-of-any-type": f"{GPU}[{GPU}.b ? 's' : 'i']",
    "dyn-string": "dyn('a')",
    "dyn-int": "dyn(1)",
    "dyn-uint": "dyn(1u)",
    "dyn-double": "dyn(1.5)",
    "dyn-bytes": "dyn(b'a')",
    "dyn-null": "dyn(null)",
    "dyn-quantity": "dyn(quantity('1'))",
    "dyn-duration": "dyn(duration('1s'))",
    "dyn-timestamp": "dyn(timestamp(0))",
    "dyn-map": "dyn({'a': 1})",
    "dyn-type": "dyn(int)",
    "dyn-optional": "dyn(optional.of('a'))",
    "dyn-optional-of-optional": "dyn(optional.of(optional.of(2)))",
    "dyn-optional-of-list": "dyn(optional.of(['a']))",
    "dyn-optional-none": "dyn(optional.none())",
    "dyn-optional-version": "dyn(optional.of(semver('1.2.3')))",
    "dyn-address": "dyn(ip('10.0.0.1'))",
    "dyn-url": "dyn(url('/a'))",
    "uint": "1u",
    "double": "1.5",
    "bytes": "b'a'",
    "null": "null",
    "map": "{'a': 1}",
    "quantity": "quantity('1')",
    "optional": "optional.of(1)",
    "type": "type(1)",
    "timestamp": "timestamp(0)",
    "strings": "['a', 'b']",
    "ints": "[2, 1]",
    "bools": "[true]",
    "versions": "[semver('1.2.3'), semver('2.0.0')]",
    "doubles": "[1.5]",
    "lists": "[[1]]",
    "empty-list": "[]",
    "empty-ints": "[1].filter(x, x > 1)",
    "dyn-list": "dyn([1, 2])",
    "dyn-empty-list": "dyn([])",
    "dyn-list-of-doubles": "dyn([1.5])",
    "dyn-list-of-nulls": "dyn([null])",
    "dyn-list-of-lists": "dyn([[1]])",
    "list-of-dyn": "[dyn(1), dyn(2)]",
    "list-of-mixed-dyn": "[dyn(1), dyn('a')]",
    "list-of-late-double": "[dyn(1), dyn(1.5)]",
    "list-of-optionals": "dyn([optional.of('a'), optional.of('b')])",
    "list-of-types": "dyn([int, string])",
    "list-of-attributes": f"[{GPU}.s, {GPU}.s]",
    "split": "'a,b'.split(',')",
    "sorted": "['b', 'a'].sort()",
    "of-one-entry-map": "{'a': 1}.map(k, k)",
    "missing": f"{GPU}.none",
    "missing-or": f"{GPU}.?none.orValue('x')",
    "division-by-zero": "1 / (device.driver.size() - device.driver.size())",
    "syntax-error": "device.",
    "costly": "lists.range(1000).sort().size()",
    "conditional": f"{GPU}.i > 2 ? 'many' : 'few'",
    "conditional-of-two-types": f"{GPU}.i > 2 ? dyn('many') : dyn(1)",
    "bound": f"cel.bind(x, {GPU}.s, x.upperAscii())",
    "capacity": "device.capacity['gpu.nvidia.com'].m.asInteger()",
    "driver": "device.driver.split('.')",
    "sharing": "device.allowMultipleAllocations",
    "list-attribute": "device.attributes['made.example.com'].names",
}


def questions() -> list[Question]:
    """All of them."""
    asked = [Question(f"derived-{name}", expression) for name, expression in _EXPRESSIONS.items()]
    return [*asked, Question("derived-bad-device", "device.driver", "made/bad-version")]
