"""kong.conf: the settings without which tracing yields nothing, and what each version of Kong lacks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from otel_bridge.kong.captures import captures
from otel_bridge.kong.findings import Finding, note
from otel_bridge.kong.gateway import Gateway, Node

_FIRST_WITH_TRACING = (3, 0)
_RATE_NAMES = ("tracing_sampling_rate", "opentelemetry_tracing_sampling_rate")
_INSTRUMENTATION_NAMES = ("tracing_instrumentations", "opentelemetry_tracing")


def check_node(gateway: Gateway) -> Iterator[Finding]:
    if gateway.node is None:
        yield _unseen(gateway)
        return
    yield from _instrumentations(gateway.node.configuration)
    yield from _sampling(gateway.node)
    yield from _version(gateway.node.version, captured=any(captures(gateway)))


def _unseen(gateway: Gateway) -> Finding:
    """What a declarative file can't tell, for the operator to look up."""
    lines = ["tracing_instrumentations = request", "tracing_sampling_rate = 1.0"]
    found = list(captures(gateway))
    kept = max((capture.kept for capture in found), default=0)
    if kept:
        lines.append(f"nginx_http_client_body_buffer_size = {-(-kept // 1024)}k")
    if any(capture.plugin.name == "pre-function" for capture in found):
        lines.append("untrusted_lua = sandbox (or on)")
    if any(capture.plugin.name == "otel-capture" for capture in found):
        lines += ["plugins = bundled,otel-capture", "lua_package_path = DIR/?.lua;;"]
    return note(
        "This file says nothing about kong.conf, where tracing is off by default.",
        "Check it with --admin-url, or see that kong.conf has\n" + "\n".join(f"  {line}" for line in lines),
    )


def _instrumentations(configuration: Mapping[str, Any]) -> Iterator[Finding]:
    found = _first(configuration, _INSTRUMENTATION_NAMES)
    given = found if isinstance(found, list) else str(found or "off").split(",")
    kinds = {str(kind).strip() for kind in given}
    if kinds & {"all", "request"}:
        if "all" in kinds:
            yield note(
                "tracing_instrumentations = all: the bridge needs the root span alone; the others cost Kong a"
                " third of its throughput and fill its queue.",
                "Set tracing_instrumentations = request, or request,balancer if single tries matter.",
            )
        return
    yield Finding(
        f"tracing_instrumentations = {','.join(sorted(kinds))} in kong.conf: Kong makes no root spans, so it"
        " sends nothing that the bridge could use.",
        "Set tracing_instrumentations = request and restart Kong.",
    )


def _sampling(node: Node) -> Iterator[Finding]:
    found = _first(node.configuration, _RATE_NAMES)
    try:
        rate = float(str(found)) if found is not None else 1.0 if node.version < (3, 2) else 0.01
    except ValueError:
        rate = 1.0
    if rate < 1:
        yield Finding(
            f"tracing_sampling_rate = {rate:g} in kong.conf: {100 * (1 - rate):g}% of the requests are not"
            " sent.",
            "Set tracing_sampling_rate = 1.0 and restart Kong.",
        )


def _version(version: tuple[int, int], *, captured: bool) -> Iterator[Finding]:
    name = f"Kong {version[0]}.{version[1]}"
    if version < _FIRST_WITH_TRACING:
        yield Finding(f"{name} has no OpenTelemetry plugin.", "Use Kong 3.0 or later; 3.9 is best.")
        return
    if version < (3, 3):
        yield note(
            f"{name} sends a batch only when a later request comes, and never tries again.",
            "Use Kong 3.3 or later, where the plugin has a queue.",
        )
    if version < (3, 5) and not captured:
        yield note(
            f"{name} gives no status to answers it makes itself (401, 404, 429, 503); those show status 0.",
            "The capture sets it: `otel-bridge kong capture`.",
        )
    if (3, 7) <= version < (3, 10):
        yield note(
            f"{name} ignores `traceparent` in requests that carry `tracestate` too: such traces start anew.",
            "Nothing is lost of the exchange itself; it can't be joined with its caller's trace.",
        )


def _first(configuration: Mapping[str, Any], names: tuple[str, ...]) -> object:
    return next((configuration[name] for name in names if configuration.get(name) is not None), None)
