"""The API and the pages as one ASGI app. What it needs of the rest of the inspector is handed in."""

from __future__ import annotations

from pathlib import Path

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse, RedirectResponse
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

import otel_bridge.inspector.pages
from otel_bridge import __version__
from otel_bridge.inspector.access import AccessToken, AccessTokens
from otel_bridge.inspector.alerts.alerting import Alerting
from otel_bridge.inspector.alerts.book import BookError
from otel_bridge.inspector.alerts.metrics import AlertMetrics
from otel_bridge.inspector.api import alerts, exchanges, exports, shapes, status, traffic
from otel_bridge.inspector.api.asking import Asking
from otel_bridge.inspector.api.guard import PAGES, Guard
from otel_bridge.inspector.api.live import routes as live_routes
from otel_bridge.inspector.api.sessions import Sessions
from otel_bridge.inspector.api.status import Keep
from otel_bridge.inspector.live import Live
from otel_bridge.inspector.query import QuerySyntaxError
from otel_bridge.inspector.settings import InspectorSettings
from otel_bridge.inspector.store.interface import Store, StoreError

log = structlog.get_logger(__name__)

STATIC = Path(otel_bridge.inspector.pages.__file__).parent / "static"
_EXCHANGE_PAGE = "/x/{exchange_id}"
PATHS = (
    *sorted(PAGES),
    *(f"{prefix}/{{rest:path}}" for prefix in ("/x", "/api", "/static")),
    "/login",
    "/logout",
    "/metrics",
)
"""What of a server belongs to this app."""


class Login(BaseModel):
    token: str


def inspector_app(
    store: Store,
    *,
    live: Live,
    alerting: Alerting,
    tokens: AccessTokens,
    settings: InspectorSettings,
    keep: Keep,
    beyond_loopback: bool,
) -> ASGIApp:
    """Everything below `/` but the endpoints that senders post to. *keep* takes what senders post."""
    app = FastAPI(
        title="otel-bridge inspector",
        version=__version__,
        summary="Search, look at and measure the HTTP traffic that reached the inspector.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        responses={400: {"model": shapes.Fault}, 401: {"model": shapes.Fault}},
    )
    asking, sessions = Asking(), Sessions(tokens)
    app.include_router(traffic.routes(store, asking))
    app.include_router(exchanges.routes(store, asking))
    app.include_router(exports.routes(store, asking))
    app.include_router(live_routes(store, live, asking))
    app.include_router(status.routes(store, settings, keep, asking, beyond_loopback=beyond_loopback))
    app.include_router(alerts.routes(store, alerting, settings, asking))
    _add_sessions(app, sessions)
    _add_metrics(app, alerting)
    _add_pages(app, sessions)
    _add_faults(app)
    return Guard(app, sessions=sessions, allowed_hosts=settings.allowed_hosts)


def _add_sessions(app: FastAPI, sessions: Sessions) -> None:
    @app.get("/api/me", tags=["session"])
    async def me(request: Request) -> shapes.Me:
        """Whose token this is."""
        token: AccessToken = request.scope["state"]["token"]
        return shapes.Me(role=token.role.value, version=__version__)

    @app.post("/login", status_code=204, tags=["session"])
    async def login(given: Login, response: Response) -> None:
        """A cookie for a token."""
        if not sessions.begin(given.token, response):
            raise HTTPException(401, "that token is not known here")

    @app.post("/logout", status_code=204, tags=["session"])
    async def logout(response: Response) -> None:
        """Takes the cookie back."""
        sessions.end(response)


def _add_metrics(app: FastAPI, alerting: Alerting) -> None:
    metrics = AlertMetrics(alerting)

    @app.get("/metrics", tags=["status"], response_class=PlainTextResponse)
    def expose() -> Response:
        """How the alerts are, for Prometheus, which has to send a token as everybody else."""
        return Response(metrics.exposition(), headers={"content-type": CONTENT_TYPE_LATEST})


def _add_pages(app: FastAPI, sessions: Sessions) -> None:
    async def document(request: Request, token: str = "") -> Response:
        """The one document of all pages. A link with a token logs in, and the address loses it."""
        if token:
            rest = request.url.remove_query_params("token")
            answer: Response = RedirectResponse(f"{rest.path}{'?' + rest.query if rest.query else ''}", 303)
            sessions.begin(token, answer)
            return answer
        return FileResponse(STATIC / "index.html", headers={"cache-control": "no-cache"})

    for path in (*sorted(PAGES), _EXCHANGE_PAGE):
        app.add_api_route(path, document, methods=["GET"], include_in_schema=False)
    app.mount("/static", StaticFiles(directory=STATIC))


def _add_faults(app: FastAPI) -> None:
    @app.exception_handler(QuerySyntaxError)
    async def no_query(_: Request, error: Exception) -> Response:
        assert isinstance(error, QuerySyntaxError)
        return _fault(400, error.message, error.start, error.end)

    @app.exception_handler(RequestValidationError)
    async def wrong_parameter(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][1:])
        # pydantic's own word for what a validator said.
        what = first["msg"].removeprefix("Value error, ")
        return _fault(400, f"{where}: {what}" if where else what)

    @app.exception_handler(HTTPException)
    async def refused(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return _fault(error.status_code, str(error.detail))

    @app.exception_handler(BookError)
    @app.exception_handler(StoreError)
    async def no_store(_: Request, error: Exception) -> Response:
        return _fault(503, str(error))

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> Response:
        log.error("a request of the pages failed", path=request.url.path, exc_info=error)
        return _fault(500, "internal error: the inspector's log has it")


def _fault(status: int, why: str, start: int | None = None, end: int | None = None) -> JSONResponse:
    return JSONResponse(shapes.Fault(error=why, start=start, end=end).model_dump(exclude_none=True), status)
