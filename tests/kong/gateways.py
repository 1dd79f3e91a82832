"""Kongs to check, in YAML: one that is right, and the texts of its parts."""

from __future__ import annotations

from pathlib import Path

from otel_bridge.kong.declarative import read_file
from otel_bridge.kong.gateway import Gateway
from otel_bridge.kong.prefunction import prefunction
from otel_bridge.kong.settings import parse

SERVICES = """
services:
- name: orders
  url: http://orders.internal
  routes:
  - name: list
    paths: [/orders]
  - name: upload
    paths: [/upload]
- name: billing
  url: http://billing.internal
  routes:
  - {name: pay, paths: [/pay]}
"""
OPENTELEMETRY = """
- name: opentelemetry
  config:
    traces_endpoint: http://bridge.internal:4318/v1/traces
    queue: {max_batch_size: 50, max_entries: 1000}
"""
CAPTURE = "- name: otel-capture\n"
HEAD = '_format_version: "3.0"\n'


def with_plugins(*plugins: str, services: str = SERVICES) -> str:
    return HEAD + services + "plugins:\n" + "".join(plugins)


RIGHT = with_plugins(OPENTELEMETRY, CAPTURE)


def with_prefunction(*settings: str, rest: str = "") -> str:
    """The capture as a global pre-function, which other entries may name `*capture`."""
    return HEAD + prefunction(parse(settings)) + OPENTELEMETRY + rest


def gateway(text: str, directory: Path) -> Gateway:
    file = directory / "kong.yml"
    file.write_text(text)
    return read_file(file)
