"""An error as the log shows it: where it happened and what kind it is, without the traffic.

Many errors quote what they could not read (`invalid literal for int(): '...'`), and what the bridge reads
are other people's requests, at the receiver before anything is redacted. So the text of an error is shown
only where its kind quotes no values.
"""

from __future__ import annotations

import sqlite3
import traceback
from collections.abc import Iterator
from typing import TextIO

from structlog.typing import ExcInfo

_PLAIN = (
    ArithmeticError,
    AttributeError,
    IndexError,
    MemoryError,
    NameError,
    OSError,
    RecursionError,
    sqlite3.Error,
)
_OWN = "otel_bridge."
_LEFT_OUT = "(its text is left out: it may quote traffic)"


def shown(exc_info: ExcInfo) -> str:
    """The error in *exc_info* and what led to it, the origin first."""
    return "\n\n".join(map(_one, _chain(exc_info[1])))


def write(file: TextIO, info: ExcInfo) -> None:
    """`shown`, in the form that structlog's console wants."""
    file.write("\n" + shown(info))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    if error is None:
        return
    yield from _chain(error.__cause__ or (None if error.__suppress_context__ else error.__context__))
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _chain(each)
    yield error


def _one(error: BaseException) -> str:
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    text = str(error) if isinstance(error, _PLAIN) or kind.__module__.startswith(_OWN) else _LEFT_OUT
    frames = "".join(traceback.format_tb(error.__traceback__))
    return f"Traceback (most recent call last):\n{frames}{name}: {text}"
