"""The TLS files of a listener: read, checked, and read again while the server runs.

Whoever renews a certificate replaces two or three files one after the other, or swaps a symbolic link
(Kubernetes does), so the contents are compared, not the times. New contents are taken once two looks
in a row found the same, and only if they fit together; until then the old ones stay in use. What is
taken counts for new connections; open ones go on.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from otel_bridge.asgi.sockets import StartupError

# Seconds between two looks at the files.
INTERVAL = 5.0

log = structlog.get_logger(__name__)

_Contents = tuple[bytes, bytes, bytes | None]
"""Of certificate, key and client CA."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Paths of PEM files. With `client_ca_file` a client needs a certificate signed by one in there."""

    cert_file: Path
    key_file: Path
    client_ca_file: Path | None = None

    def __str__(self) -> str:
        return ", ".join(str(path) for path in (self.cert_file, self.key_file, self.client_ca_file) if path)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Credentials:
    """What was in the files when the key was the certificate's."""

    contents: _Contents
    context: ssl.SSLContext

    @property
    def cert(self) -> bytes:
        return self.contents[0]

    @property
    def key(self) -> bytes:
        return self.contents[1]

    @property
    def client_ca(self) -> bytes | None:
        return self.contents[2]


class TlsFiles:
    """The files of one listener. `current` may be read by any thread; all else is for one."""

    def __init__(
        self,
        tls: Tls,
        *,
        interval: float = INTERVAL,
        taken: Callable[[], None] = lambda: None,
        refused: Callable[[], None] = lambda: None,
    ) -> None:
        """Read them; raises `StartupError` unless they are there and fit together.

        *taken* is called when new contents replace the old, *refused* when some are of no use.
        """
        self._tls = tls
        self._interval = interval
        self._taken = taken
        self._refused = refused
        try:
            contents = _contents(tls)
            self.current = _credentials(tls, contents)
        except OSError as error:  # ssl.SSLError is one
            raise StartupError(f"Cannot set up TLS with {tls}: {_why(error)}.") from error
        # What was found last, and what was last decided upon: contents, or why there are none.
        self._seen: _Contents | str = contents
        self._judged: _Contents | str = contents

    async def watch(self) -> None:
        """Look at the files every *interval* seconds, until cancelled."""
        while True:
            await asyncio.sleep(self._interval)
            await asyncio.to_thread(self.look)

    def look(self) -> None:
        """Take new contents that are there for the second look in a row. Reads files; never raises."""
        before, self._seen = self._seen, self._read()
        if self._seen == before:
            self._judge()

    def reread(self) -> None:
        """Take new contents now, as somebody says that they are complete. Reads files; never raises."""
        self._seen = self._read()
        self._judge()

    def _read(self) -> _Contents | str:
        try:
            return _contents(self._tls)
        except OSError as error:
            return _why(error)

    def _judge(self) -> None:
        if self._seen == self._judged:
            return
        self._judged = self._seen
        if isinstance(self._seen, str):
            self._refuse(self._seen)
            return
        try:
            credentials = _credentials(self._tls, self._seen)
        except OSError as error:
            self._refuse(_why(error))
            return
        if credentials.contents != self.current.contents:
            self.current = credentials
            self._taken()
            log.info("new TLS files are in use", files=str(self._tls))

    def _refuse(self, why: str) -> None:
        self._refused()
        log.error(
            "the TLS files are of no use now; those read before stay in use", files=str(self._tls), why=why
        )


def _why(error: OSError) -> str:
    return error.strerror or str(error)


def _contents(tls: Tls) -> _Contents:
    ca = tls.client_ca_file.read_bytes() if tls.client_ca_file else None
    return tls.cert_file.read_bytes(), tls.key_file.read_bytes(), ca


def _credentials(tls: Tls, contents: _Contents) -> Credentials:
    """The credentials in *contents*. Raises OSError where they don't fit together."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls.cert_file, tls.key_file)
    if tls.client_ca_file:
        context.load_verify_locations(tls.client_ca_file)
        context.verify_mode = ssl.CERT_REQUIRED
    if _contents(tls) != contents:  # the context reads the files for itself
        raise OSError("they change while they are read")
    return Credentials(contents=contents, context=context)
