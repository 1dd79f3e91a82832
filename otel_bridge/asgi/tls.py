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

    cert: bytes
    key: bytes
    client_ca: bytes | None
    context: ssl.SSLContext


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
            self._judged = _contents(tls)
            self.current = _credentials(tls, self._judged)
        except OSError as error:  # ssl.SSLError is one
            raise StartupError(f"Cannot set up TLS with {tls}: {error.strerror or error}.") from error
        self._seen: _Contents | OSError = self._judged

    async def watch(self) -> None:
        """Look at the files every *interval* seconds, until cancelled."""
        while True:
            await asyncio.sleep(self._interval)
            await asyncio.to_thread(self.look)

    def look(self) -> None:
        """Take new contents that are there for the second look in a row. Reads files; never raises."""
        before = self._seen
        try:
            self._seen = _contents(self._tls)
        except OSError as error:
            # For a moment a file may be gone; longer than that is worth a line, but only one.
            self._seen = error
            if isinstance(before, OSError) and before.args != error.args:
                self._refuse(error)
            return
        if self._seen == before != self._judged:
            self._judge(self._seen)

    def reread(self) -> None:
        """Take new contents now, as somebody says that they are complete. Reads files; never raises."""
        try:
            self._seen = _contents(self._tls)
        except OSError as error:
            self._refuse(error)
        else:
            if self._seen != self._judged:
                self._judge(self._seen)

    def _judge(self, contents: _Contents) -> None:
        self._judged = contents
        try:
            credentials = _credentials(self._tls, contents)
        except OSError as error:
            self._refuse(error)
        else:
            self._take(credentials)

    def _take(self, credentials: Credentials) -> None:
        self.current = credentials
        self._taken()
        log.info("new TLS files are in use", files=str(self._tls))

    def _refuse(self, error: OSError) -> None:
        self._refused()
        log.error(
            "the TLS files are of no use now; those read before stay in use",
            files=str(self._tls),
            why=error.strerror or str(error),
        )


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
    cert, key, client_ca = contents
    return Credentials(cert=cert, key=key, client_ca=client_ca, context=context)
