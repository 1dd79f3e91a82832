"""API Log Format documents, read as Galileo's collector did, and as its agents wrote them.

Pure. Versions 1.1.0, 1.0.0 and 0.0.1. A bad entry costs nobody but itself. Members that the format does
not know are let through, and what the known agents get wrong is tolerated: null or `true` as a query
value, `{}` for an empty list (Lua), a status text that is a number, sizes of -1 (HAR), other names for
encodings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote_plus

from otel_bridge.inspector.exchange import Exchange, Side, Wire
from otel_bridge.inspector.wire import content, scalars
from otel_bridge.inspector.wire.assemble import Arrival, Told, assemble
from otel_bridge.inspector.wire.body import MOST_MEMBERS
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

    exchanges: list[Exchange]
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
# Kong before 0.8.2, whose bodies are base64 without a word about it (kong/plugins/log-serializers/alf.lua).
_UNSAID_BASE64 = "mashape-analytics-agent-kong"


class _Document(NamedTuple):
    """What all entries of an ALF share."""

    environment: str
    client: str
    encoding: str
    """Of bodies that name none."""


def read(documents: Sequence[Any], *, tokens: IngestTokens, arrival: Arrival) -> Read:
    """The exchanges in *documents*, and what is wrong with the rest."""
    exchanges: list[Exchange] = []
    errors: list[str] = []
    strangers = 0
    for index, document in enumerate(documents):
        wrong: list[str] = []
        try:
            exchanges += _read_document(document, tokens, arrival, wrong)
        except UnknownTokenError:
            strangers += 1
            wrong.append("serviceToken is not one that this collector takes")
        errors += (f"ALF[{index}] {text}" for text in wrong)
    return Read(exchanges, errors, strangers)


def _read_document(
    document: Any, tokens: IngestTokens, arrival: Arrival, wrong: list[str]
) -> Iterator[Exchange]:
    """The good entries; what is wrong with the others goes into *wrong*."""
    entries = _entries(document)
    if entries is None:
        wrong.append(_first_missing(document))
        return
    if len(entries) > MOST_MEMBERS:
        wrong.append(f"har.log.entries has more than {MOST_MEMBERS} members: send it in parts")
        return
    shared = _Document(
        environment=tokens.environment(
            scalars.text(document.get("serviceToken")), scalars.text(document.get("environment"))
        ),
        client=scalars.text(document.get("clientIPAddress")),
        encoding="base64" if _creator(document) == _UNSAID_BASE64 else "plain",
    )
    rules = REQUIRED if scalars.text(document.get("version")) in _FULL_VERSIONS else ESSENTIAL
    for index, entry in enumerate(entries):
        error = _error(entry, rules)
        if error is None:
            yield assemble(_told(entry, shared), scalars.mapping(entry.get("_otel")), arrival)
        else:
            wrong.append(f"har.log.entries.{index}{error}")


def _entries(document: Any) -> Any:
    """The list of entries (or Lua's empty one); None where the document has none."""
    log = scalars.mapping(scalars.mapping(scalars.mapping(document).get("har")).get("log"))
    entries = log.get("entries")
    return entries if _is_list(entries) else None


def _creator(document: dict[str, Any]) -> str:
    return scalars.text(scalars.mapping(document["har"]["log"].get("creator")).get("name"))


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
        # At most two steps: a loop over them would cost as much as all the checks.
        value: Any = entry.get(path[0])
        if len(path) == 2:
            value = value.get(path[1])
        if not check(value):
            return f".{'.'.join(path)} {'is required' if value is None else f'is not {kind}'}"
    return None


def _told(entry: dict[str, Any], shared: _Document) -> Told:
    request, response = entry["request"], entry["response"]
    return Told(
        wire=Wire.GALILEO,
        request=_side(request, "postData", shared.encoding),
        response=_side(response, "content", shared.encoding),
        method=request["method"],
        url=_url(request),
        http_version=_http_version(request),
        status=scalars.status(response["status"]) or 0,
        reason=content.shown(response.get("statusText")),
        started_us=scalars.instant(entry["startedDateTime"]),
        duration_us=scalars.micros(entry.get("time")),
        timings=scalars.mapping(entry.get("timings")),
        client_address=scalars.text(entry.get("clientIPAddress")) or shared.client,
        environment=shared.environment,
    )


def _http_version(request: dict[str, Any]) -> str:
    found = scalars.text(request.get("httpVersion"))
    return "" if found == "unknown" else found


def _url(request: dict[str, Any]) -> str:
    """The URL; the Java agent tells its query only in `queryString`."""
    url: str = request["url"]
    if "?" in url:
        return url
    arguments = content.headers(request.get("queryString"))
    return (
        url
        if not arguments
        else url + "?" + "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in arguments)
    )


def _side(part: dict[str, Any], place: str, unsaid: str) -> Side:
    """*part* with the body that is held in *place*, or in `content` as 0.0.1 has it on both sides.

    *unsaid* is the encoding of one that names none.
    """
    held = scalars.mapping(part.get(place) or part.get("content"))
    body, omitted = None, ""
    try:
        body = content.plain(held.get("text"), base64=held.get("encoding", unsaid) == "base64")
    except ValueError:
        omitted = "sent as base64, which it is not"
    size = scalars.size(part.get("bodySize"))
    if size is None:
        size = scalars.size(held.get("size"))
    elif size == 0 and part.get("bodyCaptured") is True:
        # There was one, and nobody counted.
        size = None
    return Side(
        headers=content.headers(part.get("headers")),
        headers_size=scalars.size(part.get("headersSize")) or None,
        body=body,
        body_size=size,
        omitted=omitted,
    )
