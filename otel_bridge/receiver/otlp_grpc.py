"""OTLP over gRPC, on the event loop and on raw bytes.

grpcio's asyncio server on uvloop takes about two thirds of the CPU its threaded one does for a 32 KB
message, and none of the bridge's own steps waits in a thread then. Messages are not parsed by grpcio: the
intake wants the bytes. Compression and the size limit before and after it are grpcio's work, and what it
has of a message that is not complete yet is not among the bytes in flight; so how many may be incomplete,
and for how long, is bounded here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, cast

import grpc
import structlog
from grpc import aio

from otel_bridge.asgi import StartupError, TlsFiles, bound_address, listen
from otel_bridge.asgi.tls import Credentials
from otel_bridge.receiver.admission import Admission
from otel_bridge.receiver.bearer import BearerTokens
from otel_bridge.receiver.incomplete import IncompleteCalls
from otel_bridge.receiver.intake import Intake
from otel_bridge.receiver.refusals import Internal, Refusal, TooSlow, Unauthenticated, Undecodable
from otel_bridge.receiver.signals import METHODS, Encoding, Signal, Transport
from otel_bridge.telemetry.instruments import REFUSED_REQUESTS
from otel_bridge.telemetry.metrics import Metrics

log = structlog.get_logger(__name__)

_EMPTY_RESPONSE = b""  # every message with no field set

MESSAGE_TIMEOUT = 60.0
"""Seconds from the head of a call to the end of its message."""

MAX_INCOMPLETE = 1024
"""Calls whose message has not come in full."""

MAX_CONNECTIONS = 4000
"""Open connections; more are closed at once. grpcio can't tell which one is the least of use."""

_OPTIONS = (
    # Two processes on one port would each get a part of the traffic; the second one has to fail instead.
    ("grpc.so_reuseport", 0),
    ("grpc.max_concurrent_streams", 32),
    ("grpc.max_allowed_incoming_connections", MAX_CONNECTIONS),
    # TLS and the preface of HTTP/2 together; the default is two minutes.
    ("grpc.server_handshake_timeout_ms", 10_000),
    ("grpc.max_metadata_size", 16 * 1024),
    # A connection without calls is of no use to anybody; senders make another one when they need it.
    ("grpc.max_connection_idle_ms", 60_000),
    # Others are renewed, so that balancers can spread them anew and renewed certificates come into use.
    ("grpc.max_connection_age_ms", 3_600_000),
    ("grpc.max_connection_age_grace_ms", 60_000),
    # Clients behind load balancers ping; the default of one ping in five minutes cuts them off.
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    # And peers that vanished without a word are found.
    ("grpc.keepalive_time_ms", 120_000),
    ("grpc.keepalive_timeout_ms", 20_000),
)

_CODES = {code.value[0]: code for code in grpc.StatusCode}

_Behaviour = Callable[[object, aio.ServicerContext], Coroutine[Any, Any, bytes]]
_Abortion = tuple[grpc.StatusCode, str, tuple[tuple[str, bytes]]]
"""What `ServicerContext.abort` takes: code, text, trailing metadata."""


class GrpcReceiver(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpcio has no types
    """The gRPC server; belongs to the loop that starts it. `tokens` may be exchanged while it runs."""

    def __init__(
        self,
        intake: Intake,
        *,
        admission: Admission,
        metrics: Metrics,
        max_request_body_size: int,
        tokens: BearerTokens,
        endpoint: str,
        tls: TlsFiles | None = None,
        message_timeout: float = MESSAGE_TIMEOUT,
        max_incomplete: int = MAX_INCOMPLETE,
    ) -> None:
        self.tokens = tokens
        self.address = ""
        """Where it listens, known once it does."""
        self._intake = intake
        self._admission = admission
        self._metrics = metrics
        self._limit = max_request_body_size
        self._endpoint = endpoint
        self._tls = tls
        self._message_timeout = message_timeout
        self._incomplete = IncompleteCalls(max_incomplete)
        self._server: aio.Server | None = None
        self._handlers = {
            method: grpc.stream_unary_rpc_method_handler(self._export(signal))
            for method, signal in METHODS.items()
        }

    async def start(self) -> None:
        """Listen. Raises `StartupError` if the endpoint can't be used."""
        server = aio.server(options=[*_OPTIONS, ("grpc.max_receive_message_length", self._limit)])
        server.add_generic_rpc_handlers((self,))
        self.address = self._bind(server)
        await server.start()
        self._server = server

    async def stop(self, grace: float) -> None:
        """Accept nothing new, answer what is in flight, cut off what takes longer than *grace* seconds."""
        if self._server is not None:
            await self._server.stop(grace)

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        """What answers a call: decided by its head, before its message is read."""
        handler = self._handlers.get(details.method)
        if handler is None:
            return None  # grpcio answers UNIMPLEMENTED
        authorization = dict(details.invocation_metadata).get("authorization", "")
        try:
            self.tokens.check(authorization.encode())
        except Unauthenticated as refusal:
            return grpc.stream_unary_rpc_method_handler(self._refusing(refusal))
        return handler

    def _bind(self, server: aio.Server) -> str:
        # grpcio binds by itself and says little when it can't, so a socket of ours tries first.
        with listen(self._endpoint) as probe:
            host = bound_address(probe).rpartition(":")[0]
        address = f"{host}:{self._endpoint.rpartition(':')[2]}"
        try:
            if self._tls is None:
                port = server.add_insecure_port(address)
            else:
                port = server.add_secure_port(address, _credentials(self._tls))
        except RuntimeError as error:
            raise StartupError(f"Cannot listen on {self._endpoint}: {error}") from error
        return f"{host}:{port}"

    def _export(self, signal: Signal) -> _Behaviour:
        # A streaming handler gets a call before its message, and may answer without it.
        async def export(_messages: object, context: aio.ServicerContext) -> bytes:
            message = b""
            try:
                message = await self._message(context)
                with self._admission.request() as share:
                    share.take(len(message))
                    await self._intake.accept(
                        message, signal=signal, encoding=Encoding.PROTOBUF, transport=Transport.GRPC
                    )
            except Refusal as refusal:
                answer = self._refuse(refusal)
            except Exception:  # the edge: one call's surprise is answered, counted, and stays its own
                log.exception("an OTLP call failed", signal=signal)
                answer = self._refuse(Internal("The bridge failed on this request; its log says why."))
            else:
                return _EMPTY_RESPONSE
            # What `abort` raises refers to this frame, and grpcio's call to that, in a ring.
            del message
            await context.abort(*answer)
            raise AssertionError("abort always raises")

        return export

    async def _message(self, context: aio.ServicerContext) -> bytes:
        """The call's one message. Raises `TooSlow`, and `Undecodable` where there is none."""
        patience = asyncio.timeout(self._message_timeout)
        peer = context.peer()
        try:
            async with patience:
                self._incomplete.add(peer, patience)
                message = await context.read()
        except TimeoutError as error:
            raise TooSlow("The message did not come in time; the call ends here.") from error
        finally:
            self._incomplete.remove(peer, patience)
        if message is aio.EOF:
            raise Undecodable("The call has no message.")
        return cast(bytes, message)

    def _refusing(self, refusal: Refusal) -> Callable[..., Coroutine[Any, Any, bytes]]:
        async def refuse(_messages: object, context: aio.ServicerContext) -> bytes:
            await context.abort(*self._refuse(refusal))
            raise AssertionError("abort always raises")

        return refuse

    def _refuse(self, refusal: Refusal) -> _Abortion:
        self._metrics.counter(REFUSED_REQUESTS, Transport.GRPC, refusal.reason).inc()
        details = ("grpc-status-details-bin", refusal.status().SerializeToString())
        return _CODES[refusal.code], str(refusal), (details,)


def _credentials(files: TlsFiles) -> grpc.ServerCredentials:
    known = files.current

    def news() -> grpc.ServerCertificateConfiguration | None:
        """Asked by grpcio before each handshake, in a thread of its own."""
        nonlocal known
        if files.current is known:
            return None
        known = files.current
        return _configuration(known)

    return grpc.dynamic_ssl_server_credentials(
        _configuration(known), news, require_client_authentication=known.client_ca is not None
    )


def _configuration(credentials: Credentials) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration(
        [(credentials.key, credentials.cert)], root_certificates=credentials.client_ca
    )
