"""The inspector as one process on one port: what arrives, what is kept, and who looks on.

start: store → alerts → keeper → server
stop: live → server (answer what is in flight) → keeper → alerts → store
"""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack
from ipaddress import ip_address

import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from otel_bridge.asgi import AsgiServer, StartupError
from otel_bridge.garbage import spare_collector
from otel_bridge.inspector import buckets
from otel_bridge.inspector.access import AccessTokens
from otel_bridge.inspector.alerts.alerting import Alerting
from otel_bridge.inspector.alerts.book import FILE_NAME, AlertBook
from otel_bridge.inspector.alerts.channels.build import build_channels
from otel_bridge.inspector.alerts.watches import BridgeState
from otel_bridge.inspector.api import bridge
from otel_bridge.inspector.api.app import PATHS, inspector_app
from otel_bridge.inspector.keeper import Keeper
from otel_bridge.inspector.live import Live
from otel_bridge.inspector.masking import Masking
from otel_bridge.inspector.policy import Policy
from otel_bridge.inspector.settings import InspectorSettings
from otel_bridge.inspector.store.interface import Store, StoreError
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
    # Whatever fails, no thread may be left: the process would never end.
    async with AsyncExitStack() as closing:
        store = await asyncio.to_thread(_open, settings)
        closing.push_async_callback(asyncio.to_thread, store.close)
        live = Live()
        alerting = await _begin_alerting(settings, live, closing)
        policy = Policy(log_bodies=settings.log_bodies, exclude=settings.exclude)
        keeper = Keeper(store.append, policy=policy, live=live)
        closing.push_async_callback(keeper.close)
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
        server = AsgiServer(_everything(settings, store, keeper, access, pages), sock)
        await server.start()
        closing.push_async_callback(server.stop, grace=GRACE)
        # Who looks on would else be in flight for ever.
        closing.callback(live.close)
        closing.callback(asyncio.create_task(_tidy(store), name="retention").cancel)
        spare_collector()
        ready()
        await stopped.wait()


def _everything(
    settings: InspectorSettings, store: Store, keeper: Keeper, access: AccessTokens, pages: ASGIApp
) -> ASGIApp:
    """What senders post, what Runscope's API reads, and the pages."""
    senders = settings.ingest_tokens
    return front_door.application(
        [
            *front_door.routes(keeper, tokens=senders, mask=Masking(settings.redaction).apply),
            *buckets.routes(store, access=access, senders=IngestTokens(senders)),
            Route("/healthz", _healthy),
            *(Route(path, pages) for path in PATHS),
        ]
    )


async def _begin_alerting(settings: InspectorSettings, live: Live, closing: AsyncExitStack) -> Alerting:
    path = settings.directory / FILE_NAME
    book = await asyncio.to_thread(AlertBook, path, owner=True, public_url=settings.public_url)
    closing.push_async_callback(asyncio.to_thread, book.close)
    alerting = _alerting(book, settings)
    closing.push_async_callback(alerting.stop)
    await alerting.start(live)
    return alerting


def _open(settings: InspectorSettings) -> SqliteStore:
    try:
        return SqliteStore(settings.directory, retention=settings.retention)
    except StoreError as error:
        raise StartupError(f"Cannot use the inspector's store: {error}.") from error


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
