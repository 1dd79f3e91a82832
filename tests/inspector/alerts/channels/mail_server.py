"""A real mail server on loopback, in the test's own event loop."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "alerts", "p w with blanks"


class Inbox:
    """What came; *recipient* answers each RCPT, by default all are welcome."""

    def __init__(self, recipient: Callable[[str], str] = lambda _: "250 OK") -> None:
        self.mails: list[Envelope] = []
        self.logins: list[bool] = []
        self.encrypted: list[bool] = []
        self.protocols: list[str | None] = []
        self.data_answer = "250 taken"
        self._recipient = recipient

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self._recipient(address)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.mails.append(envelope)
        self.logins.append(bool(session.authenticated))
        assert server.transport is not None
        connection = server.transport.get_extra_info("ssl_object")
        self.encrypted.append(session.ssl is not None or connection is not None)
        self.protocols.append(connection.selected_alpn_protocol() if connection else None)
        return self.data_answer


def authenticate(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
) -> AuthResult:
    if data == LoginPassword(USER.encode(), PASSWORD.encode()):
        return AuthResult(success=True)
    # As no server should.
    return AuthResult(success=False, handled=False, message=f"535 wrong: {data.password.decode()}")


@contextlib.asynccontextmanager
async def mail_server(
    inbox: Inbox, *, tls: ssl.SSLContext | None = None, implicit: bool = False, login: bool = False
) -> AsyncIterator[int]:
    """Its port. *tls* is offered by STARTTLS, or used from the first byte where it is *implicit*."""

    def protocol() -> SMTP:
        return SMTP(
            inbox,
            hostname="mail.example.com",
            tls_context=None if implicit else tls,
            authenticator=authenticate if login else None,
            # To aiosmtpd, TLS from the first byte is none, and to require a login without it worth a warning.
            auth_required=login and not implicit,
            auth_require_tls=not implicit,
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=tls if implicit else None)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@contextlib.asynccontextmanager
async def silent_server(first: bytes = b"", *, times: int = 1) -> AsyncIterator[int]:
    """Takes connections, says *first* so many times, and nothing else."""
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        # The client hangs up, or the test is over.
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            writer.write(first * times)
            await reader.read()
        writer.transport.abort()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks)
