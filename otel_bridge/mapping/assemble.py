"""The pieces of one exchange put together."""

from __future__ import annotations

from operator import itemgetter
from typing import NamedTuple

from otel_bridge.mapping.attributes import REDACTED, Fields, headers_of
from otel_bridge.mapping.body import assemble as assemble_body
from otel_bridge.mapping.exchange import NO_BODY, Body, Headers, HelperSpan, HttpExchange, Latencies
from otel_bridge.mapping.late import ordered
from otel_bridge.mapping.senders import Sender
from otel_bridge.mapping.url import place

NO_LATENCIES = Latencies()
_MASKED_ARGUMENT = f"={REDACTED}"


class Draft(NamedTuple):
    """A span that is an exchange, while its helper spans are still looked for."""

    trace_id: bytes
    span_id: bytes
    parent_span_id: bytes
    start_ns: int
    end_ns: int
    fields: Fields
    scope: str
    sender: Sender
    gateway_root: bool
    helpers: list[HelperSpan]


def exchange(draft: Draft) -> HttpExchange:
    """The exchange that *draft* tells of."""
    trace_id, span_id, parent_span_id, start_ns, end_ns, fields, scope, sender, gateway_root, helpers = draft
    requested, answered, host_header, masked = headers_of(fields)
    origin, target = place(fields, host_header)
    url, scheme, host, port = origin
    url += target
    captured = bool(requested or answered or "capture_version" in fields)
    if "user_agent" in fields:
        requested = _with_user_agent(requested, fields["user_agent"])
    # By position: naming them costs more than reading the span did.
    return HttpExchange(
        trace_id,
        span_id,
        parent_span_id,
        # Unset, it would make an exchange of today last since 1970.
        start_ns or end_ns,
        max(start_ns, end_ns),
        fields.get("method", ""),
        url,
        scheme,
        host,
        fields.get("port") if port is None else port,
        target,
        fields.get("http_version", ""),
        fields.get("status", 0),
        requested,
        answered,
        _request_body(fields),
        _response_body(fields),
        fields.get("request_size"),
        fields.get("response_size"),
        fields.get("client_address") or fields.get("peer_address", ""),
        fields.get("client_port"),
        fields.get("server_address", ""),
        fields.get("route_template", ""),
        fields.get("service") or fields.get("service_id", ""),
        fields.get("route") or fields.get("route_id", ""),
        fields.get("consumer") or fields.get("consumer_id", ""),
        fields.get("request_id", ""),
        fields.get("response_source", ""),
        fields.get("upstream_status"),
        _latencies(fields) if "latency_internal" in fields or "latency_upstream" in fields else NO_LATENCIES,
        scope,
        sender.resource,
        gateway_root,
        captured,
        ordered(helpers) if helpers else (),
        masked or _MASKED_ARGUMENT in url or fields.get("masked", False),
        fields.get("source", ""),
    )


def _latencies(fields: Fields) -> Latencies:
    return Latencies(
        fields.get("latency_internal"), fields.get("latency_upstream"), fields.get("latency_receive")
    )


def _request_body(fields: Fields) -> Body:
    content, size = fields.get("request_body_content"), fields.get("request_body_size")
    omitted = fields.get("request_body_omitted", "")
    incomplete = fields.get("request_body_incomplete", False)
    if content is None and size is None and not omitted and not incomplete:
        return NO_BODY
    return assemble_body(
        content,
        size,
        omitted,
        incomplete=incomplete,
        truncated=fields.get("request_body_truncated", False),
        redacted=fields.get("request_body_redacted", False),
        decoded=fields.get("request_body_decoded", False),
        encoding=fields.get("request_body_encoding", ""),
    )


def _response_body(fields: Fields) -> Body:
    content, size = fields.get("response_body_content"), fields.get("response_body_size")
    omitted, incomplete = (
        fields.get("response_body_omitted", ""),
        fields.get("response_body_incomplete", False),
    )
    if content is None and size is None and not omitted and not incomplete:
        return NO_BODY
    return assemble_body(
        content,
        size,
        omitted,
        incomplete=incomplete,
        truncated=fields.get("response_body_truncated", False),
        redacted=fields.get("response_body_redacted", False),
        decoded=fields.get("response_body_decoded", False),
        encoding=fields.get("response_body_encoding", ""),
    )


def _with_user_agent(headers: Headers, user_agent: str) -> Headers:
    """*headers* with the one that senders record even where they record no headers."""
    if any(name.lower() == "user-agent" for name, _ in headers):
        return headers
    return tuple(sorted([*headers, ("user-agent", user_agent)], key=itemgetter(0)))
