"""
ImageLocality: nodes that have the pod's images.

Source: k8s.io/kubernetes pkg/scheduler/framework/plugins/imagelocality/image_locality.go,
v1.34 to v1.38.0-beta.0.
"""

from __future__ import annotations

from collections.abc import Sequence

from extender.model.scheduling import SchedulingPod

from .node_info import NodeInfo, Nodes
from .plugin import MAX_NODE_SCORE, PluginScores, as_they_are
from .rules import SchedulingRules

NAME = "ImageLocality"

_MEBIBYTE = 1024 * 1024
_LEAST = 23 * _MEBIBYTE
_MOST_PER_IMAGE = 1000 * _MEBIBYTE


def score_nodes(
    pod: SchedulingPod, nodes: Nodes, feasible: Sequence[int], rules: SchedulingRules
) -> PluginScores:
    """The size of the images that a node has, each weighted by the part of the nodes that have it."""
    images = pod.images
    if rules.image_volumes:
        images += pod.image_volumes
    count = len(images if rules.image_volumes_raise_limit else pod.images)
    wanted = [normalized_image_name(image) for image in images]
    most = _MOST_PER_IMAGE * count
    if not any(name in nodes.image_nodes for name in wanted):
        return as_they_are([0] * len(feasible))
    return as_they_are([_score(_sum(nodes.infos[each], wanted, nodes), most) for each in feasible])


def normalized_image_name(name: str) -> str:
    """The name with a tag: ``latest`` where it has none (``normalizedImageName``)."""
    return f"{name}:latest" if name.rfind(":") <= name.rfind("/") else name


def _sum(info: NodeInfo, wanted: Sequence[str], nodes: Nodes) -> int:
    if not info.node.images:
        return 0
    sizes = dict(info.node.images)
    return sum(
        int(float(sizes[name]) * (nodes.image_nodes[name] / len(nodes.infos)))
        for name in wanted
        if name in sizes
    )


def _score(size: int, most: int) -> int:
    bounded = _LEAST if size < _LEAST else min(size, most)
    return MAX_NODE_SCORE * (bounded - _LEAST) // (most - _LEAST)
