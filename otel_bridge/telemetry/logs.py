"""One stream of log lines on stderr, from the bridge and from the libraries it stands on.

Modules take `structlog.get_logger(__name__)` and log events with values: `log.warning("a pipeline holds",
exporter="galileo", answer=401)`. What happens with every request is a metric and not a line. Values that
are secret are not given to a logger at all; errors are printed without values, see `crashes.py`.
"""

from __future__ import annotations

import logging
import sys
from typing import Literal

import structlog
from structlog.typing import Processor

from otel_bridge.telemetry import crashes

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["text", "json"]

# What these say below is noise for each request or connection: broken requests of strangers, mostly.
_QUIET = {
    "uvicorn.error": logging.ERROR,
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "asyncio": logging.WARNING,
}


def configure(level: Level, format: Format) -> None:  # noqa: A002 - the configuration's own word
    """Send everything at or above *level* to stderr; may be called again to change both."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.PositionalArgumentsFormatter(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(format)],
        )
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(threshold)
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(max(least, threshold))


def _renderers(format: Format) -> list[Processor]:  # noqa: A002
    if format == "json":
        return [structlog.processors.ExceptionRenderer(crashes.shown), structlog.processors.JSONRenderer()]
    return [structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0, exception_formatter=crashes.write)]
