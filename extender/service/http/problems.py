"""
Errors as HTTP answers, all of one form.

========================  ======  =========================================
cause                     status  what the scheduler does
========================  ======  =========================================
``BadRequest``            400     filter: the attempt fails, or the extender
                                  is skipped if ``ignorable``; prioritize:
                                  contributes nothing
``BodyTooLarge``          413     the same
no such path or method    404/5   the same
anything else             500     the same; filter and prioritize answer 200
                                  without an opinion instead (``verbs``)
========================  ======  =========================================

Every body is ``{"error", "field", "fix"}``; ``field`` is ``null`` unless a
field of the caller's body is at fault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from aiohttp import web

from ..verb import Verb
from ..wire import BadRequest, BodyTooLarge
from .observation import observe_error

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware

    from ..metrics.metrics import Metrics

_FIXES = {
    404: (
        "POST to /filter, /prioritize, /bind, /preempt, /explain or /mutate; "
        "GET /livez, /readyz, /metrics or /"
    ),
    405: "use the method named in the Allow header",
}


def bad_request(error: BadRequest) -> web.Response:
    """Answer 400, or 413 for a body that is too large."""
    status = 413 if isinstance(error, BodyTooLarge) else 400
    return _problem(status, str(error), field=error.field, fix=error.fix)


def errors(metrics: Metrics) -> Middleware:
    """Make the middleware that gives every error that leaves a handler the one documented form."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as error:
            fix = _FIXES.get(error.status, "change the request")
            response = _problem(error.status, f"{request.method} {request.path}: {error.reason}", fix=fix)
            if "Allow" in error.headers:
                response.headers["Allow"] = error.headers["Allow"]
            return response
        except ConnectionError:
            # The caller is gone; aiohttp closes the connection.
            raise
        except Exception as error:  # noqa: BLE001  the outermost handler: the next request must be served
            observe_error(metrics, _verb(request), error)
            text = f"{request.method} {request.path}: internal error: {type(error).__name__}"
            return _problem(500, text, fix="report it with the stack in the extender's log")

    return middleware


def _verb(request: web.Request) -> Verb | None:
    name = request.path.removeprefix("/")
    return Verb(name) if name in set(Verb) else None


def _problem(status: int, error: str, *, fix: str, field: str | None = None) -> web.Response:
    body = orjson.dumps({"error": error, "field": field, "fix": fix})
    return web.Response(status=status, body=body, content_type="application/json")
