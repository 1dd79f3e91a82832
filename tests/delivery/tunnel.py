"""A proxy as companies have them: it connects whoever asks with CONNECT, or refuses to.

    with Tunnel(server.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)

Whatever address is asked for, the other end is the loopback's *port*: names need not exist.
"""

from __future__ import annotations

import socket
import threading
from socketserver import StreamRequestHandler, ThreadingTCPServer
from types import TracebackType
from typing import Self

_PIECE = 65536


class Tunnel:
    def __init__(self, port: int, *, status: str = "200 Connection established") -> None:
        self.requests: list[list[str]] = []
        """The lines of each head that came."""

        class Handler(StreamRequestHandler):
            def handle(self) -> None:
                tunnel.requests.append(self._head())
                self.wfile.write(f"HTTP/1.1 {status}\r\n\r\n".encode())
                if status.startswith("200"):
                    with socket.create_connection(("127.0.0.1", port)) as other:
                        back = threading.Thread(target=_carry, args=(other, self.connection))
                        back.start()
                        _carry(self.connection, other)
                        back.join()

            def _head(self) -> list[str]:
                lines: list[str] = []
                while line := self.rfile.readline().decode().rstrip("\r\n"):
                    lines.append(line)
                return lines

        tunnel = self
        self._server = ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="tunnel")

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _carry(source: socket.socket, to: socket.socket) -> None:
    """Hand on until the source ends, or either is gone; then end the other as well."""
    try:
        while data := source.recv(_PIECE):
            to.sendall(data)
        to.shutdown(socket.SHUT_WR)
    except OSError:
        for end in (source, to):
            end.close()
