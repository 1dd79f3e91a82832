"""docs/deployment.md says what is so: what it names exists, and what it tells to type can be typed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from otel_bridge.cli import main

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGE = (DOCS / "deployment.md").read_text()
COMPOSE: dict[str, Any] = YAML(typ="safe").load(ROOT / "docker-compose.yml")
COMMANDS = "\n".join(re.findall(r"^```sh\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE))


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)]+)\)", PAGE))))
def test_links_lead_somewhere(link: str) -> None:
    file, _, anchor = link.partition("#")
    target = (DOCS / file).read_text() if file else PAGE
    headings = re.findall(r"^#+ (.+)$", target, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}

    assert not anchor or anchor in anchors


def test_every_service_and_volume_is_in_the_table() -> None:
    named = set(re.findall(r"`([\w-]+)`", "".join(re.findall(r"^\| `.*$", PAGE, re.MULTILINE))))

    assert set(COMPOSE["services"]) <= named
    assert set(COMPOSE["volumes"]) <= named


def test_every_file_that_is_named_exists() -> None:
    named = set(re.findall(r"\b(?:deploy|examples|otel_bridge)/[\w/.-]*\w", PAGE))
    # Those that a reader makes.
    existing = {name for name in named if not name.endswith("secrets.env")}

    assert existing
    for name in existing:
        assert (ROOT / name).exists(), name


def test_every_command_of_ours_exists() -> None:
    ours = set(re.findall(r"(?:^|bridge )otel-bridge ([a-z-]+)", COMMANDS, re.MULTILINE))
    in_the_image = set(re.findall(r"--no-deps bridge ([a-z-]+)", COMMANDS))

    assert {"check-config", "kong", "dead-letters"} == ours | in_the_image
    for name in ours | in_the_image:
        assert 0 == CliRunner().invoke(main, [name, "--help"]).exit_code


def test_every_address_is_a_published_one() -> None:
    published = {
        port.split(":")[1] for service in COMPOSE["services"].values() for port in service.get("ports", ())
    }
    paths = set(re.findall(r"http://localhost:8000(/\w+)", PAGE))
    kong = YAML(typ="safe").load(ROOT / "examples" / "kong.yml")
    routes = {path for service in kong["services"] for route in service["routes"] for path in route["paths"]}

    assert published == set(re.findall(r"http://localhost:(\d+)", PAGE))
    assert routes == paths


def test_the_volume_is_as_large_as_it_says() -> None:
    text = (ROOT / "deploy" / "kubernetes" / "bridge" / "stateful-set.yaml").read_text()
    [storage] = re.findall(r"storage: (\d+)Gi", text)

    assert f"{storage} GiB volume in Kubernetes" in PAGE
