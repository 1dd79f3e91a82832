"""The inspector with its pages: `python -m tests.inspector.pages.program DIRECTORY [WEBHOOK]`.

Alerts can be told to the URL WEBHOOK. Prints `ready URL` once it serves;
ends when its standard input does, so that no test leaves one behind.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from pathlib import Path

from otel_bridge.asgi import bound_address, listen
from otel_bridge.inspector.access import AccessToken, Role
from otel_bridge.inspector.alerts.channels.settings import WebhookSettings
from otel_bridge.inspector.serve import serve
from otel_bridge.inspector.settings import InspectorSettings
from otel_bridge.inspector.store.limits import Retention
from otel_bridge.telemetry import logs

ADMIN, VIEWER = "admin-token", "viewer-token"

_WEEK = 7 * 86_400.0


def main(directory: Path, webhooks: list[str]) -> None:
    logs.configure("info", "text")
    settings = InspectorSettings(
        directory=directory,
        retention=Retention(age=_WEEK, size=1 << 30, bodies=_WEEK, min_free=0),
        tokens=(AccessToken(token=ADMIN, role=Role.ADMIN), AccessToken(token=VIEWER, role=Role.VIEWER)),
        allowed_hosts=("127.0.0.1",),
        channels=tuple(WebhookSettings(name="webhook", url=url, secret="s" * 24) for url in webhooks),
    )
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    with listen("127.0.0.1:0") as sock:

        def ready() -> None:
            print(f"ready http://{bound_address(sock)}", flush=True)

        asyncio.run(serve(sock, settings, ready=ready))


def _end_with_stdin() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
