"""Receiving what is posted, within bounds of memory and time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.requests import Request

from otel_bridge.inspector.wire.body import BodyTooLargeError, UnreadableBodyError, decoded, documents
from otel_bridge.receiver.admission import Admission, Share
from otel_bridge.receiver.refusals import Busy

# So much of a body that is too large is read and dropped, for a sender reads the answer only after its
# last byte; agents were allowed 500 MB.
_DISCARDED = 512 << 20


class RefusedError(Exception):
    """The request is answered with `status` and this text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Posted:
    """The bodies in this process: *max_body* bytes each, *max_in_flight* together, *body_timeout* seconds.

    Bytes are counted as received and as they come out of their encoding. Belongs to one event loop.
    """

    def __init__(self, *, max_body: int, max_in_flight: int, body_timeout: float) -> None:
        self._max_body = max_body
        self._body_timeout = body_timeout
        self._admission = Admission(max_in_flight)

    @asynccontextmanager
    async def documents(self, request: Request) -> AsyncIterator[list[Any]]:
        """What *request* carries; its bytes count as in flight until the block is left.

        Raises `RefusedError`: 400 unreadable, 408 too slow, 413 too large, 503 too much at once; and
        Starlette's `ClientDisconnect` if the sender leaves in the middle.
        """
        with self._admission.request() as share:
            try:
                async with asyncio.timeout(self._body_timeout):
                    body = await self._receive(request, share)
                plain = decoded(body, request.headers.get("content-encoding", ""), limit=self._max_body)
                if plain is not body:
                    share.take(len(plain))
                found = documents(plain)
            except UnreadableBodyError as error:
                raise RefusedError(400, str(error)) from error
            except TimeoutError as error:
                raise RefusedError(408, f"the body did not come within {self._body_timeout:g} s") from error
            except BodyTooLargeError as error:
                raise RefusedError(413, f"the body is larger than {self._max_body} bytes") from error
            except Busy as error:
                raise RefusedError(503, "too much is in flight; send it again") from error
            yield found

    async def _receive(self, request: Request, share: Share) -> bytes:
        body = bytearray()
        discarded = 0
        async for chunk in request.stream():
            if len(body) + discarded + len(chunk) <= self._max_body:
                share.take(len(chunk))
                body += chunk
                continue
            discarded += len(chunk)
            if discarded > _DISCARDED:
                break
        if discarded:
            raise BodyTooLargeError
        return bytes(body)
