"""One stream of log lines on stderr, from the bridge and from the libraries it stands on.

Modules take `structlog.get_logger(__name__)` and log events with values: `log.warning("a pipeline holds",
exporter="galileo", answer=401)`. What happens with every request is a metric and not a line. Values that
are secret are not given to a logger at all; errors are printed without values, see `crashes.py`.
"""

from __future__ import annotations

import logging
import sys
import threading
from types import TracebackType
from typing import Literal

import structlog
from structlog.typing import Processor

from otel_bridge.telemetry import crashes

log = structlog.get_logger(__name__)

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
    logging.getLogger("asyncio").addFilter(_in_one_line)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread


def _in_one_line(record: logging.LogRecord) -> bool:
    # Below its sentence asyncio shows tasks and futures, with the errors in them, which `crashes` would not.
    record.msg, record.args = record.getMessage().partition("\n")[0], None
    return True


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if not isinstance(error, Exception):
        sys.__excepthook__(kind, error, trace)
    else:
        log.critical("uncaught error", exc_info=error.with_traceback(trace))


def _uncaught_in_thread(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_value is not None:
        _uncaught(arguments.exc_type, arguments.exc_value, arguments.exc_traceback)


def _renderers(format: Format) -> list[Processor]:  # noqa: A002
    if format == "json":
        return [structlog.processors.ExceptionRenderer(crashes.shown), structlog.processors.JSONRenderer()]
    return [structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0, exception_formatter=crashes.write)]
