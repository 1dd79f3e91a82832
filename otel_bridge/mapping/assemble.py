"""The pieces of one exchange put together."""

from __future__ import annotations

from operator import itemgetter
from typing import NamedTuple

from otel_bridge.mapping.attributes import REDACTED, Said
from otel_bridge.mapping.body import assemble as assemble_body
from otel_bridge.mapping.exchange import (
    NO_BODY,
    NO_LATENCIES,
    Body,
    Headers,
    HelperSpan,
    HttpExchange,
    Latencies,
)
from otel_bridge.mapping.headers import merged
from otel_bridge.mapping.late import ordered
from otel_bridge.mapping.layout import Layout, Values, values_of
from otel_bridge.mapping.senders import Sender
from otel_bridge.mapping.url import place

_MASKED_ARGUMENT = f"={REDACTED}"


class Draft(NamedTuple):
    """A span that is an exchange, while its helper spans are still looked for."""

    trace_id: bytes
    span_id: bytes
    parent_span_id: bytes
    start_ns: int
    end_ns: int
    said: Said
    layout: Layout
    scope: str
    sender: Sender
    gateway_root: bool
    helpers: list[HelperSpan]


def exchange(draft: Draft) -> HttpExchange:
    """The exchange that *draft* tells of."""
    trace_id, span_id, parent_id, start_ns, end_ns, said, layout, scope, sender, gateway_root, helpers = draft
    values = values_of(said)
    # By position, here and below, and without its own constructor: that costs more than reading the span did.
    (
        method,
        url,
        scheme,
        host,
        port,
        path,
        query,
        target,
        http_version,
        status,
        user_agent,
        request_size,
        response_size,
        client_address,
        peer_address,
        client_port,
        server_address,
        route_template,
        service,
        route,
        consumer,
        service_id,
        route_id,
        consumer_id,
        request_id,
        response_source,
        upstream_status,
        latency_internal,
        latency_upstream,
        latency_receive,
        capture_version,
        source,
        masked,
        request_headers,
        response_headers,
    ) = layout.fields(values)
    requested, answered, host_header = layout.requested(values), layout.answered(values), layout.host(values)
    masked = masked or layout.masked
    if request_headers or response_headers:
        requested, answered = merged(requested, request_headers), merged(answered, response_headers)
        host_header = next((value for name, value in requested if name.lower() == "host"), "")
        masked = masked or any(value == REDACTED for _, value in requested + answered)
    origin, target = place(url or target, scheme, host, port, path, query, host_header)
    url, scheme, host, asked_port = origin
    url += target
    captured = bool(requested or answered or capture_version)
    if user_agent:
        requested = _with_user_agent(requested, user_agent)
    made = (
        trace_id,
        span_id,
        parent_id,
        # Unset, it would make an exchange of today last since 1970.
        start_ns or end_ns,
        max(start_ns, end_ns),
        method,
        url,
        scheme,
        host,
        port if asked_port is None else asked_port,
        target,
        http_version,
        status,
        requested,
        answered,
        _body(layout.request_body(values)) if layout.request_body else NO_BODY,
        _body(layout.response_body(values)) if layout.response_body else NO_BODY,
        request_size,
        response_size,
        client_address or peer_address,
        client_port,
        server_address,
        route_template,
        service or service_id,
        route or route_id,
        consumer or consumer_id,
        request_id,
        response_source,
        upstream_status,
        (
            NO_LATENCIES
            if latency_internal is None and latency_upstream is None
            else Latencies(latency_internal, latency_upstream, latency_receive)
        ),
        scope,
        sender.resource,
        gateway_root,
        captured,
        ordered(helpers) if helpers else (),
        masked or _MASKED_ARGUMENT in url,
        source,
    )
    return tuple.__new__(HttpExchange, made)


def _body(parts: Values) -> Body:
    """The body that *parts*, the values of `BodyParts`, tell of."""
    content, encoding, size, truncated, incomplete, omitted, redacted, decoded = parts
    if content is None and size is None and not omitted and not incomplete:
        return NO_BODY
    return assemble_body(
        content,
        size,
        omitted,
        incomplete=incomplete,
        truncated=truncated,
        redacted=redacted,
        decoded=decoded,
        encoding=encoding,
    )


def _with_user_agent(headers: Headers, user_agent: str) -> Headers:
    """*headers* with the one that senders record even where they record no headers."""
    if any(name.lower() == "user-agent" for name, _ in headers):
        return headers
    return tuple(sorted([*headers, ("user-agent", user_agent)], key=itemgetter(0)))
