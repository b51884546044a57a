"""
MutatingAdmissionPolicies that rewrite claims for soft alignment with no server on the path.

The API server does what ``rewrite_claim`` does, for claims of one shape: two requests for single devices of
two classes, without selectors of their own, since nobody is there to look whether these fail on
devices that come first only after the rewrite.

The patch copies the request within the object. A patch whose value is a list of typed objects makes
kube-apiserver 1.36.2 panic, so every value here is a text or made of plain maps.

Source: k8s.io/api admissionregistration/v1 types.go, v0.36; v1beta1 in 1.34 and 1.35.
"""

from __future__ import annotations

import json
from hashlib import blake2b

from extender.core.soft_alignment.soften import Rewrite, SubRequest

ASKS = "dra-extender.io/soft-alignment"
"""The annotation or label, with the value ``true``, by which a claim or template asks to be rewritten."""

_GROUP = "admissionregistration.k8s.io"
_NAME_LIMIT = 253
_KINDS = (
    ("resourceclaims", "object.spec", "/spec"),
    ("resourceclaimtemplates", "object.spec.spec", "/spec/spec"),
)


def admission_policies(
    rewrite: Rewrite, classes: tuple[str, str], version: str = "v1"
) -> list[dict[str, object]]:
    """
    Policies and their bindings as Kubernetes objects: for claims, then for templates.

    ``rewrite``: of a claim with two requests. ``classes``: theirs, in the order of ``rewrite.order``.
    ``version`` of the API: ``v1`` from 1.36 on, ``v1beta1`` before, where it has to be turned on.
    """
    objects: list[dict[str, object]] = []
    for resource, spec, path in _KINDS:
        name = _name(resource, classes)
        objects.append(
            {
                "apiVersion": f"{_GROUP}/{version}",
                "kind": "MutatingAdmissionPolicy",
                "metadata": {"name": name},
                "spec": {
                    "failurePolicy": "Ignore",
                    "reinvocationPolicy": "Never",
                    "matchConstraints": {
                        "resourceRules": [
                            {
                                "apiGroups": ["resource.k8s.io"],
                                "apiVersions": ["v1"],
                                "operations": ["CREATE"],
                                "resources": [resource],
                            }
                        ]
                    },
                    "matchConditions": _conditions(spec, classes),
                    "variables": [
                        {"name": "requests", "expression": f"{spec}.devices.requests"},
                        {
                            "name": "swapped",
                            "expression": "variables.requests[0].exactly.deviceClassName != "
                            + _text(classes[0]),
                        },
                        {"name": "a", "expression": "variables.requests[variables.swapped ? 1 : 0].name"},
                        {"name": "b", "expression": "variables.requests[variables.swapped ? 0 : 1].name"},
                    ],
                    "mutations": [
                        {"patchType": "JSONPatch", "jsonPatch": {"expression": _patch(rewrite, path)}}
                    ],
                },
            }
        )
        objects.append(
            {
                "apiVersion": f"{_GROUP}/{version}",
                "kind": "MutatingAdmissionPolicyBinding",
                "metadata": {"name": name},
                "spec": {"policyName": name},
            }
        )
    return objects


def asking(metadata: str = "object.metadata") -> str:
    """The CEL text that tells whether an object asks, by annotation or label."""
    return " || ".join(
        f'{metadata}.?{where}[{_text(ASKS)}].orValue("") == "true"' for where in ("annotations", "labels")
    )


def _conditions(spec: str, classes: tuple[str, str]) -> list[dict[str, str]]:
    a, b = map(_text, classes)
    named = "{0}[0].exactly.deviceClassName == {1} && {0}[1].exactly.deviceClassName == {2}"
    requests = f"{spec}.devices.requests"
    single = (
        'has(r.exactly) && r.exactly.?allocationMode.orValue("ExactCount") == "ExactCount" '
        "&& r.exactly.?count.orValue(1) == 1 && !has(r.exactly.adminAccess) "
        "&& size(r.exactly.?selectors.orValue([])) == 0 && !has(r.exactly.capacity)"
    )
    return [
        {"name": "asks", "expression": asking()},
        {
            "name": "is-a-pair",
            "expression": f"size({spec}.?devices.?requests.orValue([])) == 2 && {requests}.all(r, {single})",
        },
        {
            "name": "of-these-classes",
            "expression": f"({named.format(requests, a, b)}) || ({named.format(requests, b, a)})",
        },
        {"name": "is-unconstrained", "expression": f"size({spec}.devices.?constraints.orValue([])) == 0"},
    ]


def _patch(rewrite: Rewrite, path: str) -> str:
    """The list of patches as CEL: the requests put in order, each made soft where it stands, constraints."""
    requests = f"{path}/devices/requests"
    operations: list[str] = []
    for position, name in enumerate(rewrite.order):
        operations += _soft(f"{requests}/{position}", dict(rewrite.sub_requests).get(name, ()))
    variables = dict(zip(rewrite.order, ("variables.a", "variables.b"), strict=True))
    constraints = []
    for constraint in rewrite.constraints:
        parts = [name.partition("/") for name in constraint.requests]
        names = ", ".join(f"{variables[name]} + {_text(slash + sub)}" for name, slash, sub in parts)
        attribute = _text(constraint.match_attribute or "")
        constraints.append(f'{{"requests": dyn([{names}]), "matchAttribute": dyn({attribute})}}')
    operations.append(_operation("add", f"{path}/devices/constraints", f"[{', '.join(constraints)}]"))
    swap = f'JSONPatch{{op: "move", from: "{requests}/1", path: "{requests}/0"}}'
    return f"(variables.swapped ? [{swap}] : []) + [\n  " + ",\n  ".join(operations) + "\n]"


def _soft(path: str, sub_requests: tuple[SubRequest, ...]) -> list[str]:
    if not sub_requests:
        return []
    operations = [_operation("add", f"{path}/firstAvailable", "[]")]
    for number, sub_request in enumerate(sub_requests):
        at = f"{path}/firstAvailable/{number}"
        operations.append(f'JSONPatch{{op: "copy", from: "{path}/exactly", path: "{at}"}}')
        operations.append(_operation("add", f"{at}/name", _text(sub_request.name)))
        if sub_request.selector:
            selector = f'[{{"cel": {{"expression": {_text(sub_request.selector)}}}}}]'
            operations.append(_operation("add", f"{at}/selectors", selector))
    operations.append(f'JSONPatch{{op: "remove", path: "{path}/exactly"}}')
    return operations


def _operation(op: str, path: str, value: str) -> str:
    return f'JSONPatch{{op: "{op}", path: "{path}", value: {value}}}'


def _text(value: str) -> str:
    """A CEL string literal; JSON's escapes are among CEL's."""
    return json.dumps(value)


def _name(resource: str, classes: tuple[str, str]) -> str:
    name = f"soft-alignment-{resource}.{'.'.join(classes)}"
    if len(name) > _NAME_LIMIT:
        digest = blake2b(name.encode(), digest_size=8).hexdigest()
        name = f"soft-alignment-{resource}.{digest}"
    return name
