"""
Ask the scheduling plugins of Kubernetes itself: one long-lived process per minor.

A request is a JSON object on one line, and so is its answer.

``schedule``: ``nodes``, ``pods`` (bound, by ``spec.nodeName``), ``pod``, and as needed ``namespaces``,
``services``, ``replicaSets``, ``classes`` and ``scoringStrategy`` (of NodeResourcesFit, with the keys of
the internal configuration: ``Type``, ``Resources``, ``RequestedToCapacityRatio``). Pods are defaulted as
the API server does; all else is taken as it is. The answer is ``{"preFilter": {plugin: status},
"filters": {node: {plugin: status}}, "nodeNames": [name], "scores": {plugin: {"raw": {node: int},
"normalised": {node: int}, "weight": int}}, "totals": {node: int}}``. A status is ``{"code": text,
"reasons": [text]}``, and absent where the plugin accepts. ``nodeNames``: the nodes that PreFilter limits
the pod to, absent where it does not. ``scores`` and ``totals`` are of the nodes that all filters accept,
absent where there are none. The plugin DynamicResources is left out.

``sample``: ``count`` of nodes and ``percentage``; the answer is ``{"nodes": int}``.

``version``: ``{"version": text, "gates": {name: bool}}``.

Any of them: ``{"invalid": text}`` where the request is at fault, ``{"panic": text, "stack": text}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.oracle.line_program import Answer, LineProgram
from tests.scheduler_oracle.releases import oracle_path


class SchedulerOracle(LineProgram):
    """The oracle of a minor. ``FileNotFoundError`` where it is not built."""

    def __init__(self, minor: str, patience: float = 60.0) -> None:
        path = oracle_path(minor)
        if path is None:
            raise FileNotFoundError(
                f"the scheduler oracle of {minor} is not built: run 'make scheduler-oracle'"
            )
        super().__init__([str(path)], patience)
        self.minor = minor

    def schedule(self, case: Mapping[str, Any]) -> Answer:
        """Filter and score a pod."""
        return self.ask({**case, "op": "schedule"})

    def sample(self, count: int, percentage: int | None) -> Answer:
        """After how many feasible nodes of ``count`` the search ends."""
        return self.ask({"op": "sample", "count": count, "percentage": percentage})

    def version(self) -> Answer:
        """Which Kubernetes it is, and its feature gates."""
        return self.ask({"op": "version"})
