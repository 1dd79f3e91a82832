"""What `kong capture` prints: YAML for Kong with the kong.conf lines and the sizes as its comments."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from otel_bridge.kong.prefunction import prefunction
from otel_bridge.kong.settings import CaptureSettings, Value
from otel_bridge.kong.sizes import (
    Queue,
    recommended_queue,
    show_mib,
    worst_exchange,
    worst_post,
    worst_worker,
)

DEFAULT_ENDPOINT = "http://127.0.0.1:4318/v1/traces"
TRACES_PATH = "/v1/traces"

_NGINX_DEFAULT_BUFFER = 8  # KiB


def traces_endpoint(text: str) -> str:
    """*text* as the URL Kong has to post to; the path may be left out. Raises ValueError."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or not text.isprintable():
        raise ValueError(f"is not a URL: give one such as {DEFAULT_ENDPOINT}")
    return f"{text.rstrip('/')}{TRACES_PATH}" if parts.path in ("", "/") else text


def plugin_recipe(
    directory: Path, settings: CaptureSettings, endpoint: str, given: Collection[str] = ()
) -> str:
    """For a Kong that loads the plugin from *directory*; the settings named in *given* are written out."""
    conf = ["plugins = bundled,otel-capture", f"lua_package_path = {directory}/?.lua;;"]
    entry = ["- name: otel-capture", "  config:" if given else "  config: {}"]
    entry += [f"    {name}: {_yaml(value)}" for name, value in settings.items() if name in given]
    plugins = "plugins:\n" + "".join(f"{line}\n" for line in entry)
    return _document(conf, settings, plugins, endpoint)


def prefunction_recipe(settings: CaptureSettings, endpoint: str) -> str:
    """For a Kong that takes the capture as a pre-function, with nothing to install."""
    conf = ["untrusted_lua = sandbox    # the default; with `off` a pre-function cuts every request"]
    return _document(conf, settings, prefunction(settings), endpoint)


def _document(conf: list[str], settings: CaptureSettings, plugins: str, endpoint: str) -> str:
    kept = 0 if settings.bodies == "none" else settings.max_body_size
    queue = recommended_queue(kept)
    head = [
        "kong.conf:",
        *(f"  {line}" for line in (*conf, *_kong_conf(kept))),
        "",
        *_sizes(kept, queue),
    ]
    comments = "".join(f"# {line}".rstrip() + "\n" for line in head)
    return f'{comments}_format_version: "3.0"\n\n{plugins}\n{_opentelemetry(endpoint, queue)}'


def _kong_conf(kept: int) -> Iterator[str]:
    yield "tracing_instrumentations = request    # off by default: then Kong sends nothing"
    yield "tracing_sampling_rate = 1.0           # 0.01 by default: then 99 of 100 requests are missing"
    if kept:
        buffer = max(_NGINX_DEFAULT_BUFFER, -(-kept // 1024))
        yield f"nginx_http_client_body_buffer_size = {buffer}k    # larger request bodies go to disk, unseen"


def _sizes(kept: int, queue: Queue) -> Iterator[str]:
    low, high = worst_worker(kept, queue.max_entries)
    yield f"Worst case with these settings ({worst_exchange(kept) // 1000} KB for each exchange):"
    yield f"  each POST           {show_mib(worst_post(kept, queue.max_batch_size))}"
    yield (
        f"  each Kong worker    {show_mib(low)} to {show_mib(high)} more, while the bridge can't be"
        f" reached and {queue.max_entries} exchanges wait"
    )
    if kept:
        yield "Full textual bodies need no base64 and take about 60% of it."


def _opentelemetry(endpoint: str, queue: Queue) -> str:
    return f"""\
- name: opentelemetry
  config:
    traces_endpoint: {json.dumps(endpoint)}    # before Kong 3.8 the name is `endpoint`
    # headers: {{Authorization: "Bearer ..."}}    # if the bridge has receivers.otlp.auth.bearer_tokens
    queue:
      max_batch_size: {queue.max_batch_size}      # spans, here exchanges, for each POST
      max_entries: {queue.max_entries}       # that may wait in each worker; then the oldest are dropped
      max_retry_time: 60
"""


def _yaml(value: Value) -> str:
    # JSON is YAML, and quotes whatever needs it.
    return json.dumps(value, ensure_ascii=False)
