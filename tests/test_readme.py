"""The README says what is so: its files load, its commands exist, its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from otel_bridge.cli import main
from otel_bridge.config import load
from otel_bridge.config.models import GalileoSettings, RunscopeSettings
from otel_bridge.exporters.galileo.settings import VARIABLES as GALILEO
from otel_bridge.exporters.runscope.settings import VARIABLES as RUNSCOPE

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
ENVIRONMENT = {"GALILEO_SERVICE_TOKEN": "token", "RUNSCOPE_TOKEN": "token", "RUNSCOPE_BUCKET": "bucket"}


def fenced(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def test_the_configuration_loads(tmp_path: Path) -> None:
    (text,) = [block for block in fenced("yaml") if block.startswith("exporters:")]
    file = tmp_path / "bridge.yaml"
    file.write_text(text)

    config = load(file, ENVIRONMENT)

    assert ["galileo", "runscope"] == list(config.exporters)


def test_the_plugin_block_is_what_kong_takes() -> None:
    (text,) = [block for block in fenced("yaml") if "plugins:" in block]
    (plugin,) = YAML(typ="safe").load(text)["plugins"]

    assert plugin == {
        "name": "opentelemetry",
        "config": {"traces_endpoint": "http://127.0.0.1:4318/v1/traces"},
    }


def test_every_command_exists() -> None:
    named = set(re.findall(r"otel-bridge ([a-z][a-z-]+)", README))

    assert named
    for name in named:
        assert CliRunner().invoke(main, [name, "--help"]).exit_code == 0, name


def test_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()

    for target in set(re.findall(r"`?make ([a-z-]+)`?", README)):
        assert f"\n{target}:" in makefile


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#]+)", README))))
def test_links_lead_somewhere(link: str) -> None:
    assert (ROOT / link).exists()


def test_the_defaults_in_the_table_are_the_codes() -> None:
    rows = dict(re.findall(r"^\| `([\w.]+)`[^|]* \| ([^|]+) \|", README, re.MULTILINE))
    config = load(None)

    assert f"`{config.receivers.otlp.protocols.http.endpoint}`" == (
        rows["receivers.otlp.protocols.http.endpoint"].strip()
    )
    galileo, runscope = GalileoSettings.model_fields, RunscopeSettings.model_fields
    assert f"`{galileo['retry_count'].default}`" == rows[".retry_count"].strip()
    assert rows[".flush_timeout"].strip() == (
        f"`{galileo['flush_timeout'].default:g}` s, "
        f"`{galileo['queue_size'].default}` / `{runscope['queue_size'].default}`"
    )


def test_the_environment_variables_are_read() -> None:
    named = set(re.findall(r"`((?:GALILEO|RUNSCOPE)_[A-Z_]+)`", README))
    known = {f"GALILEO_{name.upper()}" for name in GALILEO} | {
        f"RUNSCOPE_{name.upper()}" for name in RUNSCOPE
    }

    assert named
    assert named <= known
