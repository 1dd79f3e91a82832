"""docs/inspector.md says what is so: its settings load, its defaults and addresses are the code's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from otel_bridge.config import load
from otel_bridge.config.models import Retention
from otel_bridge.documents.values import show_bytes
from otel_bridge.inspector.api.guard import PAGES
from otel_bridge.inspector.query import parse

PAGE = Path(__file__).parents[2] / "docs" / "inspector.md"
TEXT = PAGE.read_text()
ENVIRONMENT = dict.fromkeys(re.findall(r"\$\{env:(\w+)\}", TEXT), "secret")


@pytest.mark.parametrize("block", re.findall(r"^```yaml\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE))
def test_examples_of_the_configuration_load(block: str, tmp_path: Path) -> None:
    file = tmp_path / "bridge.yaml"
    file.write_text(block)

    assert load(file, ENVIRONMENT).inspector.enabled


def test_defaults_of_retention_are_the_codes() -> None:
    told = dict(re.findall(r"^\| `inspector\.retention\.(\w+)` \| `([^`]+)` \|", TEXT, re.MULTILINE))
    defaults = Retention()

    assert {
        "age": f"{defaults.age / 86_400:g}d",
        "size": show_bytes(defaults.size),
        "bodies": f"{defaults.bodies / 86_400:g}d",
        "min_free": show_bytes(defaults.min_free),
    } == told


def test_every_page_is_told() -> None:
    told = {path.replace("/x/ID", "/x") for path in re.findall(r"^\| \w+ `([^`]+)` \|", TEXT, re.MULTILINE)}

    assert told - {"/x"} <= PAGES
    assert {"/", "/x", "/compare", "/stats", "/status", "/help"} == told


def test_the_example_of_a_query_is_one() -> None:
    [query] = re.findall(r"^    (status:.*)$", TEXT, re.MULTILINE)

    assert str(parse(query))


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#]+)", TEXT))))
def test_links_lead_somewhere(link: str) -> None:
    assert (PAGE.parent / link).exists()
