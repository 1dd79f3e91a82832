"""The inspector as one process on one port: what arrives, what is kept, and who looks on.

start: store → alerts → keeper → server
stop: live → server (answer what is in flight) → keeper → alerts → store
"""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable
from ipaddress import ip_address

import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from otel_bridge.asgi import AsgiServer, StartupError
from otel_bridge.garbage import spare_collector
from otel_bridge.inspector import buckets
from otel_bridge.inspector.access import AccessTokens
from otel_bridge.inspector.alerts.alerting import Alerting
from otel_bridge.inspector.alerts.book import FILE_NAME, AlertBook
from otel_bridge.inspector.alerts.channels import build_channels
from otel_bridge.inspector.alerts.watches import BridgeState
from otel_bridge.inspector.api import bridge
from otel_bridge.inspector.api.app import PATHS, inspector_app
from otel_bridge.inspector.keeper import Keeper
from otel_bridge.inspector.live import Live
from otel_bridge.inspector.masking import Masking
from otel_bridge.inspector.policy import Policy
from otel_bridge.inspector.settings import InspectorSettings
from otel_bridge.inspector.store.interface import StoreError
from otel_bridge.inspector.store.sqlite import SqliteStore
from otel_bridge.inspector.wire import front_door
from otel_bridge.inspector.wire.tokens import IngestTokens

TIDY_SECONDS = 60.0
# A parent kills it after a little more.
GRACE = 2.0

log = structlog.get_logger(__name__)


async def serve(
    sock: socket.socket,
    settings: InspectorSettings,
    *,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve on *sock* until SIGINT or SIGTERM; *ready* is called once it does. Raises StartupError."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    store = await asyncio.to_thread(_open, settings)
    live = Live()
    policy = Policy(log_bodies=settings.log_bodies, exclude=settings.exclude)
    book = await asyncio.to_thread(_book, settings)
    alerting = _alerting(book, settings)
    await alerting.start(live)
    keeper = Keeper(store.append, policy=policy, live=live)
    access = AccessTokens(settings.tokens)
    pages = inspector_app(
        store,
        live=live,
        alerting=alerting,
        tokens=access,
        settings=settings,
        keep=keeper.keep,
        beyond_loopback=not ip_address(sock.getsockname()[0]).is_loopback,
    )
    senders = settings.ingest_tokens
    routes = [
        *front_door.routes(keeper, tokens=senders, mask=Masking(settings.redaction).apply),
        *buckets.routes(store, access=access, senders=IngestTokens(senders)),
        Route("/healthz", _healthy),
        *(Route(path, pages) for path in PATHS),
    ]
    server = AsgiServer(front_door.application(routes), sock)
    await server.start()
    tidying = asyncio.create_task(_tidy(store), name="retention")
    spare_collector()
    ready()
    await stopped.wait()
    tidying.cancel()
    # Who looks on would else be in flight for ever.
    live.close()
    await server.stop(grace=GRACE)
    await keeper.close()
    await alerting.stop()
    await asyncio.to_thread(book.close)
    await asyncio.to_thread(store.close)


def _open(settings: InspectorSettings) -> SqliteStore:
    try:
        return SqliteStore(settings.directory, retention=settings.retention)
    except StoreError as error:
        raise StartupError(f"Cannot use the inspector's store: {error}.") from error


def _book(settings: InspectorSettings) -> AlertBook:
    return AlertBook(settings.directory / FILE_NAME, owner=True, public_url=settings.public_url)


def _alerting(book: AlertBook, settings: InspectorSettings) -> Alerting:
    address = settings.bridge_metrics

    def ask(at: str) -> BridgeState | None:
        told = bridge.ask(at)
        return None if told is None else bridge.state_of(told)

    return Alerting(
        book,
        build_channels(settings.channels),
        ask_bridge=None if address is None else lambda: ask(address),
    )


async def _healthy(_: Request) -> Response:
    return PlainTextResponse("ok\n")


async def _tidy(store: SqliteStore) -> None:
    while True:
        try:
            await asyncio.to_thread(store.tidy)
        except StoreError as error:
            log.warning("old traffic can't be let go for now", why=str(error))
        except Exception:
            log.exception("retention failed")
        await asyncio.sleep(TIDY_SECONDS)
