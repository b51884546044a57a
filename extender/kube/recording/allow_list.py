"""
What a recording keeps of pods, nodes and requests: what a prediction reads, and nothing else.

A list of what is left out would miss what Kubernetes adds. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

OUR_ANNOTATIONS = "dra-extender.io/"

Fields = Mapping[str, "Fields | None"]
"""
The fields that are kept, each with those below it; ``None``: all that is below.

Items of an array are kept by the same fields. A name that ends in ``*`` is the beginning of names.
"""

_METADATA: Fields = {
    "name": None,
    "namespace": None,
    "uid": None,
    "annotations": {f"{OUR_ANNOTATIONS}*": None},
}
_CONTAINER: Fields = {
    "name": None,
    "restartPolicy": None,
    "resources": {"requests": None, "limits": None},
}
POD: Fields = {
    "metadata": _METADATA,
    "spec": {
        "nodeName": None,
        "resourceClaims": {"name": None, "resourceClaimName": None, "resourceClaimTemplateName": None},
        "initContainers": _CONTAINER,
        "containers": _CONTAINER,
        "schedulingGroup": {"podGroupName": None},
    },
    "status": {
        "nominatedNodeName": None,
        "resourceClaimStatuses": {"name": None, "resourceClaimName": None},
    },
}
NODE: Fields = {
    "apiVersion": None,
    "kind": None,
    "metadata": {"name": None, "labels": None},
    "status": {"allocatable": None, "declaredFeatures": None},
}
REQUEST: Fields = {
    "Pod": POD,
    "Nodes": {"apiVersion": None, "kind": None, "items": NODE, "Items": NODE},
    "NodeNames": None,
    "NodeNameToVictims": {"*": {"Pods": POD, "NumPDBViolations": None}},
    "NodeNameToMetaVictims": None,
    "PodName": None,
    "PodNamespace": None,
    "PodUID": None,
    "Node": None,
}
"""The body of any verb."""

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])


def kept(data: bytes | msgspec.Raw, fields: Fields | None) -> msgspec.Raw:
    """Return JSON with the ``fields`` only. Raises ``msgspec.MsgspecError`` where it has another form."""
    text = bytes(data).lstrip()
    if fields is None or text == b"null":
        return msgspec.Raw(text)
    if text.startswith(b"["):
        return _raw([kept(item, fields) for item in _ARRAY.decode(text)])
    found = ((name, value, _below(name, fields)) for name, value in _OBJECT.decode(text).items())
    return _raw({name: kept(value, below) for name, value, below in found if below is not _NOT_KEPT})


_NOT_KEPT: Fields = {"": None}


def _below(name: str, fields: Fields) -> Fields | None:
    if name in fields:
        return fields[name]
    for pattern, below in fields.items():
        if pattern.endswith("*") and name.startswith(pattern[:-1]):
            return below
    return _NOT_KEPT


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))
