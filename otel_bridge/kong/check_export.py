"""Whether Kong's plugin `opentelemetry` sends its spans, all of them, and to the right place."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from otel_bridge.documents.values import is_loopback
from otel_bridge.kong.captures import captures
from otel_bridge.kong.findings import Finding, note
from otel_bridge.kong.gateway import EVERYTHING, Gateway, Plugin
from otel_bridge.kong.recipe import DEFAULT_ENDPOINT, TRACES_PATH
from otel_bridge.kong.sizes import MIB, recommended_queue, show_mib, worst_post, worst_worker

RECEIVER_LIMIT = 64 * MIB
"""The bridge's default `max_request_body_size`."""

_GRPC_PORT = 4317
_DEFAULT_ENTRIES = 10_000
_MUCH_MEMORY = 1200 * MIB
_ADD_IT = "Add it globally; `otel-bridge kong capture` prints the block."


def check_export(gateway: Gateway) -> Iterator[Finding]:
    exporters = list(gateway.enabled("opentelemetry"))
    if not exporters:
        yield _absent(gateway)
        return
    yield from _scope(gateway, exporters)
    for plugin in exporters:
        yield from _endpoint(plugin, gateway)
        yield from _sampling(plugin)
        yield from _queue(plugin, gateway)


def _absent(gateway: Gateway) -> Finding:
    if any(plugin.name == "opentelemetry" for plugin in gateway.plugins):
        return Finding(
            "The plugin `opentelemetry` is switched off (enabled: false): Kong sends no spans at all.",
            "Set `enabled: true`.",
        )
    return Finding("The plugin `opentelemetry` is configured nowhere: Kong sends no spans at all.", _ADD_IT)


def _scope(gateway: Gateway, exporters: list[Plugin]) -> Iterator[Finding]:
    scopes = [plugin.scope for plugin in exporters]
    if EVERYTHING in scopes:
        return
    left_out = [route.name for route in gateway.routes if not any(route.is_in(scope) for scope in scopes)]
    if gateway.routes and not left_out:
        yield note(
            "`opentelemetry` is configured on each service or route by itself; requests that match no"
            " route (404) are not sent.",
            _ADD_IT,
        )
        return
    where = "; ".join(str(scope) for scope in scopes)
    missing = f" Not sent: route {', '.join(left_out)}." if left_out else ""
    yield Finding(
        f"`opentelemetry` runs only on {where}: Kong sends nothing of other requests.{missing}", _ADD_IT
    )


def _endpoint(plugin: Plugin, gateway: Gateway) -> Iterator[Finding]:
    given = plugin.config.get("traces_endpoint") or plugin.config.get("endpoint")
    where = f"`opentelemetry` {plugin.place}"
    if not given:
        yield Finding(f"{where} has no traces_endpoint: it sends no spans.", f"Set it to {DEFAULT_ENDPOINT}.")
        return
    url = str(given)
    if url.startswith("{vault:"):
        yield note(f"{where} takes its endpoint from a vault.", f"See that it ends in {TRACES_PATH}.")
        return
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        yield Finding(
            f"{where} has an endpoint that is no http URL: Kong speaks OTLP over HTTP alone.",
            f"Give a URL such as {DEFAULT_ENDPOINT}.",
        )
    elif parts.netloc.endswith(f":{_GRPC_PORT}"):
        yield Finding(
            f"{where} sends to port 4317, where the bridge speaks gRPC; Kong speaks OTLP over HTTP alone.",
            f"Use the HTTP port: {parts.scheme}://{parts.hostname}:4318{TRACES_PATH}.",
        )
    elif not parts.path.endswith(TRACES_PATH):
        yield Finding(
            f"{where} sends to the path {parts.path or '/'}, where no receiver takes spans: it answers 404.",
            f"Let the URL end in {TRACES_PATH}.",
        )
    elif is_loopback(parts.hostname):
        yield note(
            f"{where} sends to {parts.hostname}, which is the machine (or the container) Kong runs in.",
            "If the bridge runs elsewhere, name its host.",
        )
    if plugin.config.get("traces_endpoint") and gateway.node and gateway.node.version < (3, 8):
        yield Finding(f"{where} has traces_endpoint, which Kong knows from 3.8 on.", "Call it `endpoint`.")


def _sampling(plugin: Plugin) -> Iterator[Finding]:
    rate = plugin.config.get("sampling_rate")
    if isinstance(rate, int | float) and rate < 1:
        yield Finding(
            f"`opentelemetry` {plugin.place} has sampling_rate {rate:g}:"
            f" {100 * (1 - rate):g}% of the requests are not sent.",
            "Set sampling_rate to 1, or leave it out and set tracing_sampling_rate = 1.0 in kong.conf.",
        )


def _queue(plugin: Plugin, gateway: Gateway) -> Iterator[Finding]:
    found = plugin.config.get("queue")
    queue = found if isinstance(found, dict) else {}
    batch = _number(queue.get("max_batch_size")) or _number(plugin.config.get("batch_span_count"))
    entries = _number(queue.get("max_entries")) or _DEFAULT_ENTRIES
    kept = max((capture.kept for capture in captures(gateway)), default=None)
    where = f"the queue of `opentelemetry` {plugin.place}"
    if batch is None:
        batch = 1 if gateway.node and (3, 3) <= gateway.node.version < (3, 6) else 200
        if batch == 1:
            yield note(
                f"In {where} each span is a POST of its own, the default before Kong 3.6.",
                "Set queue.max_batch_size to 50.",
            )
    if entries < batch:
        yield Finding(
            f"In {where} max_entries ({entries}) is less than max_batch_size ({batch}): spans are dropped.",
            "Set max_entries to at least twice max_batch_size.",
        )
    if kept is None:
        return
    better = recommended_queue(kept)
    post = worst_post(kept, batch)
    if post > RECEIVER_LIMIT:
        yield Finding(
            f"In {where} max_batch_size {batch} allows POSTs of {show_mib(post)} with the bodies that are"
            f" captured; the bridge takes {show_mib(RECEIVER_LIMIT)} by default, and Kong loses what is"
            " refused.",
            f"Set max_batch_size to {better.max_batch_size}, or capture less (max_body_size).",
        )
    memory = worst_worker(kept, entries)[1]
    if memory > _MUCH_MEMORY:
        yield note(
            f"In {where} max_entries {entries} lets each worker grow by up to {show_mib(memory)} while the"
            " bridge can't be reached.",
            f"Set max_entries to {better.max_entries}.",
        )


def _number(value: object) -> int | None:
    return int(value) if isinstance(value, int | float) and value > 0 else None
