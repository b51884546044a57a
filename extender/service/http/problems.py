"""
Errors as HTTP answers, all of one form.

========================  ======  =========================================
cause                     status  what the scheduler does
========================  ======  =========================================
``BadRequest``            400     filter: the attempt fails, or the extender
                                  is skipped if ``ignorable``; prioritize:
                                  contributes nothing
``BodyTooLarge``          413     the same
``Refusal``               403/    the same; 403 is for who asks, 415 for a
                          408/    body that is not declared as JSON, 408 for
                          415/    one that does not come, 503 for too many
                          503     requests at a time
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
from ..wire import BadRequest, BodyTooLarge, shortened
from .guard import Refusal
from .observation import observe_error

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware

    from ..metrics.metrics import Metrics

RETRY_SECONDS = 1
"""What a caller that is told to come again is to wait."""


def bad_request(error: BadRequest) -> web.Response:
    """Answer 400, or 413 for a body that is too large."""
    status = 413 if isinstance(error, BodyTooLarge) else 400
    return _problem(status, str(error), field=error.field, fix=error.fix)


def errors(metrics: Metrics, served: str) -> Middleware:
    """
    Make the middleware that gives every error that leaves a handler the one documented form.

    ``served`` says what there is to ask for.
    """
    fixes = {404: served, 405: "use the method named in the Allow header"}

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as error:
            fix = fixes.get(error.status, "change the request")
            response = _problem(error.status, f"{_asked(request)}: {error.reason}", fix=fix)
            if "Allow" in error.headers:
                response.headers["Allow"] = error.headers["Allow"]
            return response
        except Refusal as refusal:
            return _refused(request, refusal)
        except ConnectionError:
            # The caller is gone and gets nothing; raised on, aiohttp would log a stack for each.
            response = _problem(
                400, f"{_asked(request)}: the connection was closed", fix="send the request again"
            )
            response.force_close()
            return response
        except Exception as error:  # noqa: BLE001  the outermost handler: the next request must be served
            observe_error(metrics, _verb(request), error)
            text = f"{_asked(request)}: internal error: {type(error).__name__}"
            return _problem(500, text, fix="report it with the stack in the extender's log")

    return middleware


def _refused(request: web.Request, refusal: Refusal) -> web.Response:
    response = _problem(refusal.status, f"{_asked(request)}: {refusal.message}", fix=refusal.fix)
    if refusal.status == 503:
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    if refusal.close:
        response.force_close()
    return response


def _asked(request: web.Request) -> str:
    return f"{shortened(request.method)} {shortened(request.path)}"


def _verb(request: web.Request) -> Verb | None:
    name = request.path.removeprefix("/")
    return Verb(name) if name in set(Verb) else None


def _problem(status: int, error: str, *, fix: str, field: str | None = None) -> web.Response:
    body = orjson.dumps({"error": error, "field": field, "fix": fix})
    return web.Response(status=status, body=body, content_type="application/json")
