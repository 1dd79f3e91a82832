"""API Log Format documents, read as Galileo's collector did, and as its agents wrote them.

Pure. Versions 1.1.0, 1.0.0 and 0.0.1. A bad entry costs nobody but itself. Members that the format does
not know are let through, and what the known agents get wrong is tolerated: null or `true` as a query
value, `{}` for an empty list (Lua), a status text that is a number, sizes of -1 (HAR), other names for
encodings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from otel_bridge.inspector.wire import scalars
from otel_bridge.inspector.wire.sink import Arrived, Wire
from otel_bridge.inspector.wire.tokens import IngestTokens, UnknownTokenError

Check = Callable[[Any], bool]


class Rule(NamedTuple):
    """A member that an entry has to have."""

    path: tuple[str, ...]
    check: Check
    kind: str
    """What it has to be, for the sender."""


class Read(NamedTuple):
    """What became of a request's documents."""

    arrived: list[Arrived]
    errors: list[str]
    """One for each entry, or whole document, that was refused."""
    strangers: int
    """Documents refused because of their service token."""


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_list(value: Any) -> bool:
    return isinstance(value, list) or value == {}


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_label(value: Any) -> bool:
    return isinstance(value, str | int)


def _is_number(value: Any) -> bool:
    return scalars.number(value) is not None


def _is_integer(value: Any) -> bool:
    return scalars.integer(value) is not None


def _is_status(value: Any) -> bool:
    return scalars.status(value) is not None


def _is_instant(value: Any) -> bool:
    return scalars.instant(value) is not None


# Parents before their members, so that the first error is the one to mend first.
ESSENTIAL = (
    Rule(("startedDateTime",), _is_instant, "a date-time of ISO 8601"),
    Rule(("request",), _is_object, "an object"),
    Rule(("request", "method"), _is_text, "a string"),
    Rule(("request", "url"), _is_text, "a string"),
    Rule(("response",), _is_object, "an object"),
    Rule(("response", "status"), _is_status, "an HTTP status"),
)
REQUIRED = (
    *ESSENTIAL,
    Rule(("time",), _is_number, "a number"),
    Rule(("request", "headers"), _is_list, "a list"),
    Rule(("request", "headersSize"), _is_integer, "an integer"),
    Rule(("request", "bodySize"), _is_integer, "an integer"),
    Rule(("response", "statusText"), _is_label, "a string"),
    Rule(("response", "headers"), _is_list, "a list"),
    Rule(("response", "headersSize"), _is_integer, "an integer"),
    Rule(("response", "bodySize"), _is_integer, "an integer"),
    Rule(("timings",), _is_object, "an object"),
    Rule(("timings", "send"), _is_number, "a number"),
    Rule(("timings", "wait"), _is_number, "a number"),
    Rule(("timings", "receive"), _is_number, "a number"),
)
_FULL_VERSIONS = frozenset({"1.0.0", "1.1.0"})


def read(documents: Sequence[Any], *, tokens: IngestTokens, new_id: Callable[[], str]) -> Read:
    """What arrived with *documents*, and what is wrong with the rest."""
    arrived: list[Arrived] = []
    errors: list[str] = []
    strangers = 0
    for index, document in enumerate(documents):
        wrong: list[str] = []
        try:
            arrived += _read_document(document, tokens, new_id, wrong)
        except UnknownTokenError:
            strangers += 1
            wrong.append("serviceToken is not one that this collector takes")
        errors += (f"ALF[{index}] {text}" for text in wrong)
    return Read(arrived, errors, strangers)


def _read_document(
    document: Any, tokens: IngestTokens, new_id: Callable[[], str], wrong: list[str]
) -> Iterator[Arrived]:
    """The good entries; what is wrong with the others goes into *wrong*."""
    entries = _entries(document)
    if entries is None:
        wrong.append(_first_missing(document))
        return
    environment = tokens.environment(
        scalars.text(document.get("serviceToken")), scalars.text(document.get("environment"))
    )
    client = scalars.text(document.get("clientIPAddress"))
    rules = REQUIRED if scalars.text(document.get("version")) in _FULL_VERSIONS else ESSENTIAL
    for index, entry in enumerate(entries):
        error = _error(entry, rules)
        if error is None:
            yield _arrived(entry, new_id(), environment, client)
        else:
            wrong.append(f"har.log.entries.{index}{error}")


def _entries(document: Any) -> Any:
    """The list of entries (or Lua's empty one); None where the document has none."""
    log = scalars.mapping(scalars.mapping(scalars.mapping(document).get("har")).get("log"))
    entries = log.get("entries")
    return entries if _is_list(entries) else None


def _first_missing(document: Any) -> str:
    """Why *document* has no entries."""
    if not isinstance(document, dict):
        return "is not an object"
    if not isinstance(document.get("har"), dict):
        return "har is required"
    if not isinstance(document["har"].get("log"), dict):
        return "har.log is required"
    return "har.log.entries is required"


def _error(entry: Any, rules: Sequence[Rule]) -> str | None:
    """What is wrong with *entry*, as the rest of a sentence that begins with its name."""
    if not isinstance(entry, dict):
        return " is not an object"
    for path, check, kind in rules:
        value: Any = entry
        for part in path:
            value = value.get(part)
        if not check(value):
            return f".{'.'.join(path)} {'is required' if value is None else f'is not {kind}'}"
    return None


def _arrived(entry: dict[str, Any], new_id: str, environment: str, client: str) -> Arrived:
    request, response = entry["request"], entry["response"]
    time = scalars.number(entry.get("time"))
    return Arrived(
        id=new_id,
        wire=Wire.GALILEO,
        environment=environment,
        bucket="",
        started=scalars.instant(entry["startedDateTime"]),
        method=request["method"],
        url=request["url"],
        status=scalars.status(response["status"]) or 0,
        duration_ms=time if time is not None and time >= 0 else None,
        client=scalars.text(entry.get("clientIPAddress")) or client,
        request_size=_body_size(request, "postData"),
        response_size=_body_size(response, "content"),
        entry=entry,
        otel=scalars.mapping(entry.get("_otel")),
    )


def _body_size(side: dict[str, Any], content: str) -> int | None:
    found = scalars.size(side.get("bodySize"))
    if found is None:
        # 0.0.1 has it with the content, on both sides.
        held = scalars.mapping(side.get(content)) or scalars.mapping(side.get("content"))
        found = scalars.size(held.get("size"))
    return found
