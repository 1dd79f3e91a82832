"""Clients that post all the time, as gateways do: what is not answered with 200 is sent again."""

from __future__ import annotations

import itertools
import threading
import time
from types import TracebackType
from typing import Self

import httpx

from tests.bridge import PROTOBUF, Bridge
from tests.end_to_end.traffic import Call, request

PAUSE = 0.01


class Senders:
    """`with Senders(bridge) as senders: ...` posts from a few threads until the block is left.

    With *retry* a request is repeated until it is answered; without, it is given up where it fails.
    """

    def __init__(self, bridge: Bridge, *, threads: int = 3, retry: bool = True) -> None:
        self.confirmed: list[str] = []
        """Paths of the exchanges that were answered with 200."""
        self._bridge = bridge
        self._retry = retry
        self._numbers = itertools.count()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._send, daemon=True) for _ in range(threads)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _send(self) -> None:
        url = self._bridge.address("OTLP/HTTP")
        with httpx.Client(timeout=5, headers=PROTOBUF) as client:
            while not self._over.is_set():
                path = f"/{id(self)}-{next(self._numbers):06d}"
                body = request(Call(path))
                while not self._post(client, url, body):
                    if not self._retry or self._over.is_set():
                        break
                    time.sleep(PAUSE)
                else:
                    self.confirmed.append(path)

    def _post(self, client: httpx.Client, url: str, body: bytes) -> bool:
        try:
            return client.post(url, content=body).status_code == 200
        except httpx.TransportError:
            return False
