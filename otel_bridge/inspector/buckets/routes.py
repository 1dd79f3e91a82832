"""The reads of the Runscope API, over whatever store keeps the traffic.

    GET    /buckets                             those that hold messages, or have a token
    GET    /buckets/{key}
    GET    /buckets/{key}/messages              newest first, without bodies: ?count (50, at most 1000),
    GET    /buckets/{key}/errors                ?since, ?before (Unix seconds); errors: failed ones alone
    GET    /buckets/{key}/messages/{uuid}       one, whole
    DELETE /buckets/{key}/messages              204

A reader shows, as bearer token, one of a person's or one of the bucket's senders; only an admin's or the
bucket's own empties it. A bucket begins with the first message posted to it: none is made or removed here.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from otel_bridge.inspector.access import AccessTokens, Role
from otel_bridge.inspector.buckets.message import message
from otel_bridge.inspector.query import Query, parse
from otel_bridge.inspector.query.edit import term_of
from otel_bridge.inspector.query.tree import Not, Part, both
from otel_bridge.inspector.store.interface import EVER, Period, Stop, Store, StoreError
from otel_bridge.inspector.wire.answers import runscope_found, runscope_refused
from otel_bridge.inspector.wire.front_door import bearer_token
from otel_bridge.inspector.wire.posted import RefusedError
from otel_bridge.inspector.wire.tokens import IngestTokens

COUNT = 50
MOST = 1_000

_MOST_BUCKETS = 200
_PATIENCE = 10.0
_LARGEST_SECONDS = 2**33

Read = Callable[[Request], Response]


def routes(store: Store, *, access: AccessTokens, senders: IngestTokens) -> list[Route]:
    """Answer readers out of *store*."""
    reads = _Reads(store, access, senders)

    def route(path: str, read: Read, method: str = "GET") -> Route:
        return Route(path, _in_thread(read), methods=[method])

    return [
        route("/buckets", reads.buckets),
        route("/buckets/{bucket}", reads.bucket),
        route("/buckets/{bucket}/messages", reads.messages),
        route("/buckets/{bucket}/messages", reads.empty, "DELETE"),
        route("/buckets/{bucket}/errors", reads.errors),
        route("/buckets/{bucket}/messages/{uuid}", reads.message),
    ]


class _Reads:
    """Runs in threads of the loop's pool."""

    def __init__(self, store: Store, access: AccessTokens, senders: IngestTokens) -> None:
        self._store = store
        self._access = access
        self._senders = senders

    def buckets(self, request: Request) -> Response:
        token = bearer_token(request)
        own = self._senders.buckets(token)
        if self._access.role(token) is None:
            if not own:
                raise RefusedError(403, "the access token is not one for this")
            return runscope_found([_bucket(key) for key in sorted(own)])
        keys = {*self._senders.buckets(), *self._held_buckets()}
        return runscope_found([_bucket(key) for key in sorted(keys)])

    def bucket(self, request: Request) -> Response:
        key = self._admitted(request)
        known = key in self._senders.buckets()
        if not known and not self._store.search(_in_bucket(key), limit=1, stop=_patience()).rows:
            raise RefusedError(404, "nothing was posted to this bucket")
        return runscope_found(_bucket(key))

    def messages(self, request: Request) -> Response:
        return self._listed(request, _in_bucket(self._admitted(request)))

    def errors(self, request: Request) -> Response:
        failed = cast(Part, parse("is:error"))
        return self._listed(request, both([_in_bucket(self._admitted(request)), failed]))

    def message(self, request: Request) -> Response:
        key = self._admitted(request)
        kept = self._store.get(request.path_params["uuid"])
        if kept is None or kept.exchange.bucket != key:
            raise RefusedError(404, "there is no such message in this bucket")
        return runscope_found(message(kept.exchange, bodies=True))

    def empty(self, request: Request) -> Response:
        key = self._admitted(request, to_erase=True)
        self._store.drop(_in_bucket(key), EVER, dry_run=False)
        return Response(status_code=204)

    def _listed(self, request: Request, query: Query) -> Response:
        count = min(max(1, round(_number(request, "count") or COUNT)), MOST)
        page = self._store.search(query, _period(request), limit=count, stop=_patience())
        kept = [self._store.get(row.id) for row in page.rows]
        return runscope_found([message(each.exchange, bodies=False) for each in kept if each])

    def _held_buckets(self) -> list[str]:
        """Keys of the buckets that hold anything, the most recently used first."""
        found: list[str] = []
        stop = _patience()
        rest: list[Part] = [cast(Part, parse("bucket:*"))]
        while len(found) < _MOST_BUCKETS and not stop():
            page = self._store.search(both(rest), limit=1, stop=stop)
            kept = self._store.get(page.rows[0].id) if page.rows else None
            if kept is None:
                break
            found.append(kept.exchange.bucket)
            rest.append(Not(term_of("bucket", kept.exchange.bucket)))
        return found

    def _admitted(self, request: Request, *, to_erase: bool = False) -> str:
        """The bucket asked for; raises `RefusedError` unless the reader may."""
        bucket: str = request.path_params["bucket"]
        token = bearer_token(request)
        role = self._access.role(token)
        if role is Role.ADMIN or (role is not None and not to_erase):
            return bucket
        if bucket not in self._senders.buckets(token):
            raise RefusedError(403, "the access token is not one for this bucket")
        return bucket


def _in_thread(read: Read) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        try:
            return await asyncio.to_thread(read, request)
        except RefusedError as error:
            return runscope_refused(error.status, str(error))
        except StoreError as error:
            return runscope_refused(503, str(error), {"retry-after": "1"})

    return answer


def _in_bucket(key: str) -> Part:
    try:
        return term_of("bucket", key)
    except ValueError as error:
        raise RefusedError(404, "no bucket can have this key") from error


def _bucket(key: str) -> dict[str, Any]:
    return {"key": key, "name": key, "default": False, "messages_url": f"/buckets/{key}/messages"}


def _period(request: Request) -> Period:
    since, before = _number(request, "since"), _number(request, "before")
    return Period(
        None if since is None else round(since * 1_000_000),
        None if before is None else round(before * 1_000_000),
    )


def _number(request: Request, name: str) -> float | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        found = float(text)
    except ValueError:
        found = -1
    if not 0 <= found < _LARGEST_SECONDS:
        raise RefusedError(400, f"{name} is not a number that makes sense here")
    return found


def _patience() -> Stop:
    """Says yes once a reader has waited long enough."""
    end = time.monotonic() + _PATIENCE
    return lambda: time.monotonic() > end
