"""A request as a cURL command that sends it again. Pure.

What was masked can't be sent: it becomes a shell variable with a name to recognise it by.
"""

from __future__ import annotations

import re
import shlex

from otel_bridge.inspector.api.body_view import decoded
from otel_bridge.inspector.exchange import Exchange

MASK = "REDACTED"

# cURL makes these itself, or they belong to the connection.
_LEFT_OUT = frozenset(
    {"host", "content-length", "connection", "transfer-encoding", "expect", "upgrade", "te"}
)
_LARGEST_BODY = 64 << 10
_NOT_IN_NAMES = re.compile(r"[^A-Z0-9]+")


def curl(found: Exchange) -> str:
    """The command, a line for each part; comments before it say what is missing."""
    notes, parts = [], ["curl", f"--request {shlex.quote(found.method or 'GET')}"]
    coded = False
    for name, value in found.request.headers:
        if name.lower() in _LEFT_OUT or name.startswith(":"):
            continue
        if name.lower() == "content-encoding":
            coded = True
            continue
        parts.append(f"--header {_quoted(f'{name}: {value}', _variable(name))}")
    body, note = _body(found, coded=coded)
    if body:
        parts.append(body)
    if note:
        notes.append(note)
    if not found.captured:
        notes.append("headers and body were not captured: this is the method and the URL alone")
    parts.append(_quoted(found.url, "SECRET"))
    return "".join(f"# {note}\n" for note in notes) + " \\\n  ".join(parts) + "\n"


def _body(found: Exchange, *, coded: bool) -> tuple[str, str]:
    side = found.request
    if not side.body:
        return "", f"the body is not here: {side.omitted}" if side.omitted else ""
    content, readable = decoded(side)
    if coded and not readable:
        return (
            "",
            "the body is in an encoding that can't be taken off; save it and send it with --data-binary",
        )
    if len(content) > _LARGEST_BODY:
        return "", "the body is too large for a command line; save it and send it with --data-binary @FILE"
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return "", "the body is no text; save it and send it with --data-binary @FILE"
    if "\x00" in text:
        return "", "the body is no text; save it and send it with --data-binary @FILE"
    return (
        f"--data-binary {_quoted(text, 'SECRET')}",
        "the body was cut off when captured" if side.truncated else "",
    )


def _quoted(text: str, variable: str) -> str:
    """*text* for a shell, with the variable where the mask stands."""
    pieces = text.split(MASK)
    return f'"${{{variable}}}"'.join(shlex.quote(piece) if piece else "" for piece in pieces) or "''"


def _variable(name: str) -> str:
    return _NOT_IN_NAMES.sub("_", name.upper()).strip("_") or "SECRET"
