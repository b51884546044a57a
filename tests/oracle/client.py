"""
Ask Kubernetes' own allocator and CEL dialect: one long-lived process per release.

A request is a JSON object on one line, and so is its answer.

``allocate``: a case as in ``tests/data/allocator/*.jsonl`` and optionally ``implementation``
(``"stable"``, ``"incubating"``, ``"experimental"``; null: what the release picks), ``celFeatures``
(where the scheduler passes other features to CEL than to the allocator), ``runs``, ``seed``,
``timeoutSeconds`` (default 5, for all runs together). Objects are taken as they are: what the
API server fills in must be there. The answer is one of

* ``{"results": [AllocationResult per claim] | null, "implementation": name, "steps": int | null}``,
  null results where the claims do not fit, ``steps`` the allocateOne calls, share ids all alike;
* ``{"error": text}``, ``{"timeout": true}``, ``{"panic": text, "stack": text}``;
* with ``runs`` above 1, each on slices in another order:
  ``{"answers": [distinct answer without steps, with "count"]}``.

``cel``: ``expression``, ``device`` (as in a ResourceSlice), ``driver``, ``features`` (of the
allocator; CEL takes its own from them). The answer is ``{"match": bool, "cost": int | null}``,
``{"error": text, "cost": int | null}``, ``{"compile_error": text}`` or a time-out or panic as above.

``derive``: the same for an expression that derives an attribute (from 1.37 on); instead of ``match``
the answer has ``attribute``, as in a ResourceSlice.

``version``: ``{"modules": {path: version}, "implementations": [name], "features": [name]}``.

Any of them: ``{"invalid": text}`` where the request is at fault, ``{"crash": text}`` where the
process died of it. It is started anew for the next request.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tests.oracle.line_program import Answer, LineProgram
from tests.oracle.releases import oracle_path


class Oracle(LineProgram):
    """The oracle of a release. ``FileNotFoundError`` where it is not built."""

    def __init__(self, release: str, patience: float = 60.0) -> None:
        path = oracle_path(release)
        if path is None:
            raise FileNotFoundError(f"the oracle of {release} is not built: run 'make oracle'")
        super().__init__([str(path)], patience)
        self.release = release

    def allocate(self, case: Mapping[str, Any], **options: Any) -> Answer:
        """Answer a case; ``options`` are further fields of the request."""
        return self.ask({**case, "op": "allocate", **options})

    def cel(
        self, expression: str, device: Mapping[str, Any], driver: str, features: Iterable[str] = ()
    ) -> Answer:
        """Evaluate a selector on a device as the scheduler does."""
        request = {"op": "cel", "expression": expression, "device": device, "driver": driver}
        return self.ask({**request, "features": sorted(features)})

    def derive(
        self, expression: str, device: Mapping[str, Any], driver: str, features: Iterable[str] = ()
    ) -> Answer:
        """Derive an attribute of a device as the scheduler does."""
        request = {"op": "derive", "expression": expression, "device": device, "driver": driver}
        return self.ask({**request, "features": sorted(features)})

    def version(self) -> Answer:
        """What the oracle is made of."""
        return self.ask({"op": "version"})
