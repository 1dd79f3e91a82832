"""docs/configuration.md and the models say the same, key by key and default by default."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from ruamel.yaml import YAML

from otel_bridge.config import load
from otel_bridge.config.channels import CHANNEL_TYPES
from otel_bridge.config.models import EXPORTER_TYPES, Config

PAGE = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `([\w.\[\]]+)` \| (.*?) \|", PAGE, re.MULTILINE))
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
REQUIRED = {
    "exporters.galileo.": "exporters: {galileo: {service_token: t, host: h}}",
    "exporters.runscope.": "exporters: {runscope: {access_token: t, bucket_key: b}}",
} | {
    f"inspector.alerts.channels.{kind}.": f"inspector: {{alerts: {{channels: {{{kind}: {{{settings}}}}}}}}}"
    for kind, settings in {
        "pagerduty": "routing_key: k",
        "email": "host: h, from: a@b, to: c@d",
        "webhook": "url: 'https://h/', secret: s",
        "alertmanager": "url: 'http://h'",
    }.items()
}
BY_KEY: dict[str, Mapping[str, type[BaseModel]]] = {"exporters": EXPORTER_TYPES, "channels": CHANNEL_TYPES}
"""Sections whose keys tell the types of what is in them."""


def sections_of(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from sections_of(inner)


def keys(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every key that holds a value, with its place in the file."""
    for name, field in model.model_fields.items():
        if name in BY_KEY:
            for kind, section in BY_KEY[name].items():
                yield from keys(section, f"{prefix}{name}.{kind}.")
            continue
        inner = next(sections_of(field.annotation), None)
        if inner is None:
            yield prefix + (field.alias or name), field
        else:
            several = "[]" if "tuple" in str(field.annotation) else ""
            yield from keys(inner, f"{prefix}{name}{several}.")


KEYS = dict(keys(Config))


def test_the_page_has_every_key_and_no_other() -> None:
    assert sorted(KEYS) == sorted(ROWS)


@pytest.mark.parametrize("key", KEYS)
def test_the_page_has_the_default(key: str, tmp_path: Path) -> None:
    field, cell = KEYS[key], ROWS[key]
    if cell in ("required", "none"):
        assert (cell == "required") == field.is_required()
        assert field.is_required() or field.default in (None, (), {})
        return
    tree = YAML(typ="safe").load(
        next((text for start, text in REQUIRED.items() if key.startswith(start)), "{}")
    )
    inner = tree
    *sections, last = key.split(".")
    for section in sections:
        inner = inner.setdefault(section, {})
    inner[last] = YAML(typ="safe").load(cell.strip("`"))
    file = tmp_path / "bridge.yaml"
    with file.open("w") as stream:
        YAML().dump(tree, stream)

    found: Any = load(file, {})
    for part in key.split("."):
        found = found[part] if isinstance(found, dict) else getattr(found, part)

    assert field.get_default(call_default_factory=True) == found


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_loads(example: str, tmp_path: Path) -> None:
    file = tmp_path / "bridge.yaml"
    file.write_text(example)

    load(file, {"GALILEO_SERVICE_TOKEN": "t", "RUNSCOPE_TOKEN": "t", "RUNSCOPE_BUCKET": "b"})
