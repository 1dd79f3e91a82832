"""Whether headers and bodies reach the spans, for every request and whole."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from otel_bridge.kong.captures import PHASES, Capture, captured_phases, captures
from otel_bridge.kong.findings import Finding, note
from otel_bridge.kong.gateway import EVERYTHING, Gateway

_DEFAULT_BUFFER = 8 * 1024
_BUFFER_NAMES = (
    "nginx_proxy_client_body_buffer_size",
    "nginx_http_client_body_buffer_size",
    "client_body_buffer_size",
)


def check_capture(gateway: Gateway) -> Iterator[Finding]:
    found = list(captures(gateway))
    if not found:
        yield _absent(gateway)
        return
    yield from _scope(gateway, found)
    yield from _pre_functions(gateway, found)
    yield from _streaming_routes(gateway, found)
    if gateway.node:
        yield from _body_buffer(gateway.node.configuration, found)


def _absent(gateway: Gateway) -> Finding:
    cost = (
        "Kong's spans then hold the method, URL, status and times alone: no headers, bodies, sizes,"
        " service, route or consumer."
    )
    if any(plugin.name == "otel-capture" for plugin in gateway.plugins):
        return Finding(
            f"The plugin `otel-capture` is switched off (enabled: false). {cost}", "Set `enabled: true`."
        )
    if gateway.node and "otel-capture" in gateway.node.available_plugins:
        return Finding(
            f"The plugin `otel-capture` is installed, but configured nowhere. {cost}",
            "Add `- name: otel-capture` to the plugins.",
        )
    return Finding(
        f"Nothing captures: neither the plugin `otel-capture` nor its pre-function is there. {cost}",
        "`otel-bridge kong capture` prints what to add.",
    )


def _scope(gateway: Gateway, found: list[Capture]) -> Iterator[Finding]:
    scopes = [capture.scope for capture in found]
    if EVERYTHING in scopes:
        forms = {capture.plugin.name for capture in found if capture.scope == EVERYTHING}
        if len(forms) > 1:
            yield note(
                "The capture runs twice for each request, as plugin and as pre-function.",
                "Take the pre-function away: the plugin sees what plugins after it changed.",
            )
        return
    left_out = [route.name for route in gateway.routes if not any(route.is_in(scope) for scope in scopes)]
    if gateway.routes and not left_out:
        return
    missing = f" (route {', '.join(left_out)})" if left_out else ""
    yield note(
        f"The capture runs only on {'; '.join(map(str, scopes))}. Other requests{missing} come without"
        " headers and bodies.",
        "If that is not meant, configure it globally.",
    )


def _pre_functions(gateway: Gateway, found: list[Capture]) -> Iterator[Finding]:
    everywhere = [capture.plugin for capture in found if capture.scope == EVERYTHING]
    by_plugin = any(plugin.name == "otel-capture" for plugin in everywhere)
    by_function = any(plugin.name == "pre-function" for plugin in everywhere)
    for plugin in gateway.enabled("pre-function"):
        phases = captured_phases(plugin)
        if not phases:
            if by_function and not by_plugin and plugin.scope != EVERYTHING:
                yield Finding(
                    f"The pre-function on {plugin.scope} replaces the global one that captures: its requests"
                    " come without headers and bodies.",
                    "List `*capture` before its own text in access, body_filter and log, or use the plugin"
                    " `otel-capture`.",
                )
        elif len(phases) < len(PHASES):
            missing = ", ".join(phase for phase in PHASES if phase not in phases)
            yield Finding(
                f"The pre-function {plugin.place} lacks the capture in {missing}: its spans stay incomplete.",
                "List `*capture` in access, body_filter and log.",
            )
    if any(capture.plugin.name == "pre-function" for capture in found):
        yield from _sandbox(gateway)


def _sandbox(gateway: Gateway) -> Iterator[Finding]:
    if gateway.node and gateway.node.configuration.get("untrusted_lua") == "off":
        yield Finding(
            "untrusted_lua = off in kong.conf forbids the pre-function that captures: Kong starts, and then"
            " cuts every request without an answer.",
            "Use the plugin form (`otel-bridge kong capture --as plugin DIR`), or untrusted_lua = sandbox.",
        )


def _streaming_routes(gateway: Gateway, found: list[Capture]) -> Iterator[Finding]:
    streaming = [route.name for route in gateway.routes if not route.request_buffering]
    if streaming and any(capture.kept for capture in found):
        yield note(
            f"Route {', '.join(streaming)} streams its requests (request_buffering: false): bodies that do"
            " not fit into nginx's buffer at once are not captured.",
            "Nothing, if streaming is meant.",
        )


def _body_buffer(configuration: Mapping[str, Any], found: list[Capture]) -> Iterator[Finding]:
    wanted = max(capture.kept for capture in found)
    buffer = _buffer_size(configuration)
    if wanted > buffer:
        yield Finding(
            f"Request bodies over {buffer} bytes go to disk, where the capture does not see them; it is set"
            f" to keep {wanted}.",
            f"Set nginx_http_client_body_buffer_size = {-(-wanted // 1024)}k in kong.conf.",
        )


def _buffer_size(configuration: Mapping[str, Any]) -> int:
    for name in _BUFFER_NAMES:
        found = re.fullmatch(r"(\d+)([kKmM]?)", str(configuration.get(name) or ""))
        if found:
            return int(found[1]) * {"": 1, "k": 1024, "m": 1024**2}[found[2].lower()]
    return _DEFAULT_BUFFER
