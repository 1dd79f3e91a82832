"""What was pasted into the query box, as the filter that finds it.

Trace ids, traceparents, request ids as Kong gives them (partners quote these), URLs and cURL commands.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from urllib.parse import SplitResult, parse_qsl, urlsplit

from otel_bridge.inspector.query.edit import term_of
from otel_bridge.inspector.query.fields import plain_id
from otel_bridge.inspector.query.parser import parse

_LONGEST = 1 << 16
_MOST_PARAMETERS = 10
_TRACEPARENT = re.compile(
    r"(?:traceparent:\s*)?[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}\S*", re.IGNORECASE
)
_REQUEST_ID = re.compile(r"(?:x-)?(?:kong-)?request[-_]id[:=]\s*([\w-]{8,128})", re.IGNORECASE)
_HEX_ID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_URL = re.compile(r"https?://[^\s\"']+", re.IGNORECASE)

# Options of curl that stand before a value, and those among them that carry a body.
_DATA = re.compile(r"-d|--data(-raw|-binary|-ascii|-urlencode)?|--json|-F|--form")
_VALUED = re.compile(
    r"-[HXuAboexmwdF]|--(header|request|user|user-agent|cookie|output|referer|proxy|max-time|write-out|cacert"
    r"|cert|key|resolve|url|json|form|data(-raw|-binary|-ascii|-urlencode)?)"
)


def paste(text: str) -> str | None:
    """The query for *text*; None where it is nothing that is known. Raises nothing."""
    text = text.strip()
    if len(text) > _LONGEST:
        return None
    try:
        query = _query(text)
        if query is not None:
            parse(query)
    except ValueError:
        # Broken quotes, a broken URL, or more than a query may be.
        return None
    return query


def _query(text: str) -> str | None:
    if match := _TRACEPARENT.fullmatch(text):
        return f"trace:{match[1].lower()}"
    if match := _REQUEST_ID.fullmatch(text):
        return str(term_of("id", match[1]))
    if _HEX_ID.fullmatch(text):
        return f"trace:{plain_id(text)} OR id:{plain_id(text)}"
    if _URL.fullmatch(text):
        return _joined(_of_url(urlsplit(text)))
    return _of_curl(text) if re.match(r"curl(\.exe)?\s", text) else None


def _of_url(url: SplitResult) -> Iterator[str]:
    if url.hostname:
        host = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
        yield str(term_of("host", host))
    if url.path:
        yield str(term_of("path", url.path))
    for name, value in parse_qsl(url.query, keep_blank_values=True)[:_MOST_PARAMETERS]:
        if name:
            yield str(term_of("req.query", value, name))


def _of_curl(text: str) -> str | None:
    arguments = shlex.split(text.replace("\\\r\n", " ").replace("\\\n", " "))[1:]
    method, has_body, url = "", False, ""
    position = 0
    while position < len(arguments):
        argument = arguments[position]
        following = arguments[position + 1] if position + 1 < len(arguments) else ""
        if argument in ("-X", "--request"):
            method = following
        elif argument.startswith("-X"):
            method = argument[2:]
        elif argument in ("-I", "--head"):
            method = "HEAD"
        elif argument == "--url" or (not argument.startswith("-") and not url):
            url = following if argument == "--url" else argument
        has_body = has_body or _DATA.fullmatch(argument) is not None
        position += 2 if _VALUED.fullmatch(argument) else 1
    if not url:
        return None
    parts = urlsplit(url if "://" in url else f"http://{url}")
    return _joined([str(term_of("method", method or ("POST" if has_body else "GET"))), *_of_url(parts)])


def _joined(terms: Iterable[str]) -> str | None:
    return " ".join(terms) or None
