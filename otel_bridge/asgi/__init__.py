"""Serving ASGI apps on sockets of our own, inside a loop that runs anyway.

sockets       listening, with errors in one sentence
tls           certificates, read again while the server runs
connections   who may connect: how many, and how long they may keep the server waiting
protocol      one HTTP connection: uvicorn's, with bounds
server        all of it as one part that starts and stops
"""

from otel_bridge.asgi.connections import Closed, Limits
from otel_bridge.asgi.server import AsgiApp, AsgiServer, Message, Receive, Scope, Send
from otel_bridge.asgi.sockets import StartupError, bound_address, listen, split_endpoint
from otel_bridge.asgi.tls import Tls, TlsFiles

__all__ = [
    "AsgiApp",
    "AsgiServer",
    "Closed",
    "Limits",
    "Message",
    "Receive",
    "Scope",
    "Send",
    "StartupError",
    "Tls",
    "TlsFiles",
    "bound_address",
    "listen",
    "split_endpoint",
]
