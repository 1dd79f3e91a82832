"""A request as a cURL command that sends it again. Pure.

What was masked can't be sent: it becomes a shell variable with a name to recognise it by. Everything in an
exchange is a stranger's: none of it may reach the shell, name an option, or name a file of the reader's
(`--data @FILE`, `--header @FILE`).
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
    notes, parts = [], ["curl", *_request_line(found)]
    coded = False
    for name, value in found.request.headers:
        if name.lower() in _LEFT_OUT or name.startswith((":", "@")):
            continue
        if name.lower() == "content-encoding":
            coded = True
            continue
        # With a colon and nothing behind it, curl takes a header away.
        parts.append(f"--header {_quoted(f'{name}: {value}' if value else f'{name};', _variable(name))}")
    body, note = _body(found, coded=coded)
    if body:
        parts.append(body)
    if note:
        notes.append(note)
    if not found.captured:
        notes.append("headers and body were not captured: this is the method and the URL alone")
    parts.append(f"--url {_quoted(found.url, 'SECRET')}")
    return "".join(f"# {note}\n" for note in notes) + " \\\n  ".join(parts) + "\n"


def _request_line(found: Exchange) -> list[str]:
    """What makes curl send method and URL as they are."""
    # Without an own option curl would wait for the body that an answer to HEAD never has.
    parts = ["--head" if found.method == "HEAD" else f"--request {shlex.quote(found.method or 'GET')}"]
    if any(sign in found.url for sign in "[]{}"):
        parts.append("--globoff")
    if "/." in found.url:
        parts.append("--path-as-is")
    return parts


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
        f"--data-raw {_quoted(text, 'SECRET')}",
        "the body was cut off when captured" if side.truncated else "",
    )


def _quoted(text: str, variable: str) -> str:
    """*text* for a shell, with the variable where the mask stands."""
    pieces = text.split(MASK)
    return f'"${{{variable}}}"'.join(shlex.quote(piece) if piece else "" for piece in pieces) or "''"


def _variable(name: str) -> str:
    return _NOT_IN_NAMES.sub("_", name.upper()).strip("_") or "SECRET"
