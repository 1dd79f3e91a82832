"""OTLP over HTTP: a plain ASGI app, without a framework between the socket and the journal.

Success is exactly 200 with an empty response message, for every request that decodes. Everything else is
a `google.rpc.Status` in the request's own encoding. What can be refused by its head is refused before the
body is read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

import structlog
from google.protobuf import json_format
from starlette.middleware.cors import CORSMiddleware

from otel_bridge.asgi import AsgiApp, Message, Receive, Scope, Send
from otel_bridge.receiver.admission import RETRY_AFTER, Admission, Share
from otel_bridge.receiver.bearer import BearerTokens
from otel_bridge.receiver.decompress import ENCODINGS, CorruptBodyError, decompress
from otel_bridge.receiver.intake import Intake
from otel_bridge.receiver.refusals import (
    Busy,
    Internal,
    Refusal,
    TooLarge,
    TooSlow,
    Undecodable,
    UnknownEncoding,
    UnknownMediaType,
    UnknownPath,
    WrongMethod,
)
from otel_bridge.receiver.signals import PATHS, Encoding, Signal, Transport
from otel_bridge.telemetry.instruments import REFUSED_REQUESTS
from otel_bridge.telemetry.metrics import Metrics

log = structlog.get_logger(__name__)

STALL_TIMEOUT = 30.0
"""Seconds for a part of a body; what has come of it holds its share of the bytes in flight."""

PART = 256 * 1024
"""Bytes of a body that have to come in that time, or else its end."""

# Compressed bodies up to here are opened in the event loop (a few milliseconds at the very worst).
_INLINE_COMPRESSED = 64 * 1024

_MEDIA_TYPES = {encoding.encode(): encoding for encoding in Encoding}
_UNENCODED = frozenset({"", "identity", "none"})


class Answer(NamedTuple):
    start: Message
    body: Message


class _DisconnectedError(Exception):
    """The client went away in the middle; there is nobody to answer."""


class HttpReceiver:
    """The ASGI app; belongs to one event loop. `tokens` may be exchanged while it runs."""

    def __init__(
        self,
        intake: Intake,
        *,
        admission: Admission,
        metrics: Metrics,
        max_request_body_size: int,
        tokens: BearerTokens,
        stall_timeout: float = STALL_TIMEOUT,
    ) -> None:
        self.tokens = tokens
        self._intake = intake
        self._admission = admission
        self._metrics = metrics
        self._limit = max_request_body_size
        self._stall_timeout = stall_timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        encoding = _media_type(headers)
        try:
            await self._accept(scope, headers, encoding, receive)
            answer = _SUCCESS[encoding or Encoding.PROTOBUF]
        except _DisconnectedError:
            self._count_refused("disconnected")
            return
        except Refusal as refusal:
            answer = self._refuse(refusal, encoding)
        except asyncio.CancelledError:
            # The server stops and this took too long. The sender shall come back, and only 503 says that.
            stopping = Busy("The bridge is stopping; send it again.", reason="stopping", retry_after=1)
            answer = self._refuse(stopping, encoding)
        except Exception:  # the edge: one request's surprise is answered, counted, and stays its own
            log.exception("an OTLP request failed", path=scope["path"])
            answer = self._refuse(Internal("The bridge failed on this request; its log says why."), encoding)
        # A copy, because the answers to success are shared and middleware adds its headers in place.
        await send({**answer.start, "headers": [*answer.start["headers"]]})
        await send(answer.body)

    async def _accept(
        self, scope: Scope, headers: Mapping[bytes, bytes], encoding: Encoding | None, receive: Receive
    ) -> None:
        signal = _signal(scope)
        self.tokens.check(headers.get(b"authorization"))
        if encoding is None:
            raise UnknownMediaType(f"Content-Type has to be {' or '.join(Encoding)}.")
        coding = headers.get(b"content-encoding", b"").decode("latin-1").strip().lower()
        if coding not in _UNENCODED and coding not in ENCODINGS:
            raise UnknownEncoding("Content-Encoding has to be gzip, deflate, zstd or none.")
        if int(headers.get(b"content-length", b"0")) > self._limit:
            raise TooLarge(self._limit)
        patience = asyncio.timeout(self._stall_timeout)
        with self._admission.request(lambda: patience.reschedule(0)) as share:
            try:
                async with patience:
                    body = await self._read(receive, share, patience)
            except TimeoutError as error:
                raise self._too_slow(share) from error
            if coding not in _UNENCODED:
                body = await self._open(body, coding, share)
            await self._intake.accept(body, signal=signal, encoding=encoding, transport=Transport.HTTP)

    async def _read(self, receive: Receive, share: Share, patience: asyncio.Timeout) -> bytes:
        pieces: list[bytes] = []
        size = part = 0
        while True:
            if size >= part:
                part = size + PART
                patience.reschedule(asyncio.get_running_loop().time() + self._stall_timeout)
                share.wait()
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _DisconnectedError
            piece: bytes = message.get("body", b"")
            size += len(piece)
            if size > self._limit:
                raise TooLarge(self._limit)
            share.take(len(piece))
            pieces.append(piece)
            if not message.get("more_body"):
                share.has_come()
                return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _too_slow(self, share: Share) -> Refusal:
        if share.was_ended:
            return Busy(
                "Faster senders need the room; send it again.", reason="slow", retry_after=RETRY_AFTER
            )
        return TooSlow(f"The body came too slowly: {PART} bytes, or its end, in {self._stall_timeout:g} s.")

    async def _open(self, body: bytes, coding: str, share: Share) -> bytes:
        chunks = decompress(body, coding)
        pieces: list[bytes] = []
        size = 0
        in_thread = len(body) > _INLINE_COMPRESSED
        try:
            while True:
                chunk = await asyncio.to_thread(next, chunks, None) if in_thread else next(chunks, None)
                if chunk is None:
                    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
                size += len(chunk)
                if size > self._limit:
                    raise TooLarge(self._limit)
                share.take(len(chunk))
                pieces.append(chunk)
                in_thread = True
        except CorruptBodyError as error:
            raise Undecodable(str(error)) from error

    def _refuse(self, refusal: Refusal, encoding: Encoding | None) -> Answer:
        self._count_refused(refusal.reason)
        status = refusal.status()
        if encoding is Encoding.JSON:
            content = json_format.MessageToJson(status, indent=None).encode()
        else:
            content = status.SerializeToString()
        return _answer(refusal.http_status, encoding or Encoding.PROTOBUF, content, refusal.headers)

    def _count_refused(self, reason: str) -> None:
        self._metrics.counter(REFUSED_REQUESTS, Transport.HTTP, reason).inc()


def http_app(receiver: HttpReceiver, *, allowed_origins: tuple[str, ...] = ()) -> AsgiApp:
    """*receiver*, with answers to browsers where pages of *allowed_origins* may send."""
    if not allowed_origins:
        return receiver
    return CORSMiddleware(
        receiver,
        allow_origins=allowed_origins,
        allow_methods=["POST"],
        allow_headers=["*"],
        expose_headers=["Retry-After"],
    )


def _signal(scope: Scope) -> Signal:
    signal = PATHS.get(scope["path"])
    if signal is None:
        raise UnknownPath(f"There are {', '.join(PATHS)} here.")
    if scope["method"] != "POST":
        raise WrongMethod("OTLP is sent by POST.")
    return signal


def _media_type(headers: Mapping[bytes, bytes]) -> Encoding | None:
    value = headers.get(b"content-type", b"")
    return _MEDIA_TYPES.get(value) or _MEDIA_TYPES.get(value.partition(b";")[0].strip().lower())


def _answer(
    status: int, encoding: Encoding, content: bytes, headers: tuple[tuple[bytes, bytes], ...] = ()
) -> Answer:
    own = (b"content-type", encoding.encode()), (b"content-length", b"%d" % len(content))
    return Answer(
        {"type": "http.response.start", "status": status, "headers": [*own, *headers]},
        {"type": "http.response.body", "body": content},
    )


# An empty response message, in which partial_success is unset.
_SUCCESS = {
    Encoding.PROTOBUF: _answer(200, Encoding.PROTOBUF, b""),
    Encoding.JSON: _answer(200, Encoding.JSON, b"{}"),
}
