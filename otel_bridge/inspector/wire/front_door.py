"""The endpoints that Galileo agents and Runscope clients post to.

    POST /1.1.0/single, /1.1.0/batch, /1.0.0/..., /     ALF, an object or an array in any of them
    POST /buckets/{key}/messages                        Runscope messages, one or an array (reads: buckets/)

Laws: what is answered as kept is kept (`Sink.keep` returns first), whether the sender waits for the
answer or not; whatever is posted gets an answer in its protocol's own shape; one bad entry costs its
neighbours nothing; memory for bodies is bounded.
"""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, cast

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from otel_bridge.inspector.exchange import RANDOM_BYTES, Exchange
from otel_bridge.inspector.wire import galileo, runscope
from otel_bridge.inspector.wire.answers import galileo_kept, galileo_refused, runscope_kept, runscope_refused
from otel_bridge.inspector.wire.assemble import Arrival, Mask
from otel_bridge.inspector.wire.posted import Posted, RefusedError
from otel_bridge.inspector.wire.sink import NotKeptError, Sink
from otel_bridge.inspector.wire.tokens import IngestToken, IngestTokens, UnknownTokenError

log = structlog.get_logger(__name__)

MAX_BODY = 64 << 20
MAX_IN_FLIGHT = 256 << 20
BODY_TIMEOUT = 120.0

_ALF_PATHS = ("/", *(f"/{version}/{way}" for version in ("1.0.0", "1.1.0") for way in ("single", "batch")))
_BEARER = "bearer "
_COME_BACK = {"retry-after": "1"}
_WRONG_METHOD = "this is not taken here; traffic is posted"
_WRONG_PATH = "nothing is taken here: ALF goes to /1.1.0/single, messages go to /buckets/{key}/messages"
# What browsers send and a page can't leave out; no agent knows them.
_OF_BROWSERS = ("origin", "sec-fetch-site")

Clock = Callable[[], int]
"""Unix time in nanoseconds."""
Refuse = Callable[[int, str, Mapping[str, str] | None], Response]


def front_door(sink: Sink, **options: Any) -> Starlette:
    """An app that has the routes alone; *options* as in `routes`."""
    return application(routes(sink, **options))


def routes(
    sink: Sink,
    *,
    tokens: Iterable[IngestToken] = (),
    mask: Mask | None = None,
    max_body: int = MAX_BODY,
    max_in_flight: int = MAX_IN_FLIGHT,
    body_timeout: float = BODY_TIMEOUT,
    clock: Clock = time.time_ns,
) -> list[Route]:
    """Answer both protocols and give what arrives to *sink*.

    A body has at most *max_body* bytes, all bodies that are in the process at once *max_in_flight* (more:
    503), before and after decompression; a sender has *body_timeout* seconds for its body (longer: 408).
    Without *tokens* anybody may post. *mask* takes the secrets out of what did not come through a bridge.
    """
    posted = Posted(max_body=max_body, max_in_flight=max_in_flight, body_timeout=body_timeout)
    door = _FrontDoor(sink, IngestTokens(tokens), posted, clock, mask)
    return [
        *(Route(path, door.galileo, methods=["POST"]) for path in _ALF_PATHS),
        Route("/buckets/{bucket}/messages", door.runscope, methods=["POST"]),
    ]


def application(routes: Sequence[BaseRoute]) -> Starlette:
    """An app with *routes* that refuses all else in the words of the protocol it looks like."""
    app = Starlette(routes=routes, exception_handlers={HTTPException: _not_routed})
    # Agents take a redirect for a refusal and drop what they have.
    app.router.redirect_slashes = False
    return app


class _FrontDoor:
    def __init__(
        self, sink: Sink, tokens: IngestTokens, posted: Posted, clock: Clock, mask: Mask | None
    ) -> None:
        self._sink = sink
        self._tokens = tokens
        self._posted = posted
        self._clock = clock
        self._mask = mask

    async def galileo(self, request: Request) -> Response:
        return await _answer(request, self._take_alf, galileo_refused)

    async def runscope(self, request: Request) -> Response:
        return await _answer(request, self._take_messages, runscope_refused)

    async def _take_alf(self, request: Request) -> Response:
        async with self._posted.documents(request) as documents:
            read = galileo.read(documents, tokens=self._tokens, arrival=self._arrival())
            if documents and read.strangers == len(documents):
                raise RefusedError(401, "serviceToken is not one that this collector takes")
            await self._keep(read.exchanges)
        return galileo_kept(len(read.exchanges), read.errors)

    async def _take_messages(self, request: Request) -> Response:
        bucket = request.path_params["bucket"]
        try:
            self._tokens.admit_to_bucket(bearer_token(request), bucket)
        except UnknownTokenError as error:
            raise RefusedError(403, "the access token is not one for this bucket") from error
        async with self._posted.documents(request) as documents:
            messages = runscope.read(documents, bucket=bucket, arrival=self._arrival())
            exchanges = [message.exchange for message in messages if message.exchange]
            if messages and not exchanges:
                raise RefusedError(400, messages[0].complaint)
            await self._keep(exchanges)
        return runscope_kept(messages)

    def _arrival(self) -> Arrival:
        return Arrival(self._clock() // 1000, lambda: os.urandom(RANDOM_BYTES), self._mask)

    async def _keep(self, exchanges: Sequence[Exchange]) -> None:
        if exchanges:
            await self._sink.keep(exchanges)


async def _answer(
    request: Request, take: Callable[[Request], Awaitable[Response]], refuse: Refuse
) -> Response:
    if any(name in request.headers for name in _OF_BROWSERS):
        # Any web page can make its visitor's browser post to a local port, and one whose name has been
        # pointed to this machine counts as of the same origin.
        return refuse(403, "posted by a web page: traffic comes from gateways and agents", None)
    try:
        return await take(request)
    except RefusedError as error:
        return refuse(error.status, str(error), _COME_BACK if error.status == 503 else None)
    except NotKeptError as error:
        return refuse(503, str(error), _COME_BACK)
    except ClientDisconnect:
        return refuse(400, "the connection ended before the body did", None)
    except Exception:
        log.exception("a posted request could not be taken", path=request.url.path)
        return refuse(500, "internal error", None)


async def _not_routed(request: Request, error: Exception) -> Response:
    found = cast(HTTPException, error)
    refuse = runscope_refused if request.url.path.startswith("/buckets") else galileo_refused
    why = _WRONG_METHOD if found.status_code == 405 else _WRONG_PATH
    return refuse(found.status_code, why, found.headers)


def bearer_token(request: Request) -> str:
    """What *request* shows as its bearer token; "" for nothing."""
    given = request.headers.get("authorization", "")
    return given[len(_BEARER) :].strip() if given[: len(_BEARER)].lower() == _BEARER else ""
