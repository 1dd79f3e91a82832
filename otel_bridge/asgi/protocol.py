"""One HTTP connection: uvicorn's, with bounds on what it may keep of the server.

uvicorn waits for ever for the head of a first request, and for what follows the first byte of the next
one; it takes a head of any size, and never gives up on a peer that reads nothing.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from otel_bridge.asgi.connections import Closed, Connections

# A piece of a chunked body may be one byte with five bytes around it.
_AROUND_A_BYTE = 8


class HttpConnection(HttpToolsProtocol):
    def __init__(self, connections: Connections, sock: socket.socket, **uvicorns: Any) -> None:
        super().__init__(**uvicorns)
        self._connections = connections
        self._socket = sock
        self._limits = connections.limits
        self._overhead = 0
        self._deadline: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None

    # The life of a connection.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._connections.join(self._socket, self, transport.abort)
        self._await_head(self._limits.head, Closed.HEAD_TIMEOUT)

    def data_received(self, data: bytes) -> None:
        self._overhead += len(data)
        super().data_received(data)
        if self._overhead > self._limits.head_size and not self.transport.is_closing():
            self._connections.closed(Closed.HEAD_SIZE)
            self._refuse(431)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.forget(self)
        for timer in (self._deadline, self._unread):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread = self.loop.call_later(self._limits.unread, self._end, Closed.UNREAD)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()

    # The life of a request.

    def on_message_begin(self) -> None:
        if len(self.pipeline) >= self._limits.pipelined:
            # The way out of the parser in the middle of what came; uvicorn answers 400 and closes.
            self._connections.closed(Closed.PIPELINED)
            raise ValueError("too many requests wait for their answers")
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._overhead = max(0, self._overhead - _AROUND_A_BYTE * len(body))
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._overhead = 0
        if not self.cycle.response_complete:  # else it is the rest of what was refused
            self._connections.has_come(self)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        another_has_come = bool(self.pipeline)
        super().on_response_complete()
        if not another_has_come and not self.transport.is_closing():
            self._connections.wait_for(self, self.transport.abort)
            self._await_head(self._limits.keep_alive, Closed.IDLE)

    # Its end.

    def _await_head(self, seconds: float, otherwise: Closed) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self.loop.call_later(seconds, self._end, otherwise)

    def _end(self, why: Closed) -> None:
        if self.transport.is_closing():
            return
        self._connections.closed(why)
        if why is Closed.UNREAD:
            self.transport.abort()
        elif why is Closed.HEAD_TIMEOUT and self._overhead:
            self._refuse(408)
        else:
            self.transport.close()

    def _refuse(self, status: int) -> None:
        self.transport.write(STATUS_LINE[status] + b"connection: close\r\ncontent-length: 0\r\n\r\n")
        self.transport.close()
