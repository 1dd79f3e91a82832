from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from ruamel.yaml import YAML

from otel_bridge.cli import main
from otel_bridge.kong.files import plugin_file
from otel_bridge.kong.prefunction import prefunction
from otel_bridge.kong.settings import DEFAULT
from tests.kong.gateways import OPENTELEMETRY, RIGHT, with_plugins
from tests.kong.test_admin import admin_api, entities


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["kong", *map(str, arguments)])


def test_capture_as_a_plugin_writes_its_files(tmp_path: Path) -> None:
    result = run("capture", "--as", "plugin", tmp_path / "lua", "bodies=errors", "--endpoint", "http://b:1")

    folder = tmp_path / "lua/kong/plugins/otel-capture"
    assert 0 == result.exit_code, result.output
    assert {name: plugin_file(name) for name in ("handler.lua", "schema.lua")} == {
        path.name: path.read_text() for path in folder.iterdir()
    }
    plugins = YAML(typ="safe").load(result.stdout)["plugins"]
    assert {"bodies": "errors"} == plugins[0]["config"]
    assert "http://b:1/v1/traces" == plugins[1]["config"]["traces_endpoint"]
    assert f"lua_package_path = {tmp_path}/lua/?.lua;;" in result.stdout
    assert f"wrote {folder}/handler.lua" in result.stderr


def test_capture_replaces_an_older_plugin(tmp_path: Path) -> None:
    old = tmp_path / "kong/plugins/otel-capture/handler.lua"
    old.parent.mkdir(parents=True)
    old.write_text("old")

    run("capture", "--as", "plugin", tmp_path)

    assert plugin_file("handler.lua") == old.read_text()


@pytest.mark.parametrize("arguments", [[], ["--as", "pre-function"]])
def test_capture_prints_the_prefunction(arguments: list[str]) -> None:
    result = run("capture", *arguments)

    assert 0 == result.exit_code
    assert prefunction(DEFAULT) in result.stdout
    assert "# kong.conf:\n#   untrusted_lua = sandbox" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--as", "plugin"], 2, "--as plugin needs the directory to write to"),
        (["--as", "plugin", "a", "b"], 2, "'b' is neither a setting (name=value) nor expected here"),
        (["somewhere"], 2, "'somewhere' is neither a setting"),
        (["--as", "snippet"], 2, "'snippet' is not one of"),
        (["bodys=all"], 1, "bodys: is no setting of otel-capture; did you mean `bodies`?"),
        (["--endpoint", "bridge:4318"], 1, "--endpoint is not a URL"),
        (["--as", "plugin", "/dev/null/x"], 1, "/dev/null/x/kong/plugins/otel-capture: Not a directory"),
    ],
)
def test_capture_says_what_is_wrong_with_its_arguments(arguments: list[str], code: int, message: str) -> None:
    result = run("capture", *arguments)

    assert message in result.stderr
    assert code == result.exit_code


def test_what_capture_prints_passes_the_check(tmp_path: Path) -> None:
    file = tmp_path / "kong.yml"
    for arguments in ([], ["max_body_size=1048576"], ["--as", "plugin", tmp_path / "lua"]):
        file.write_text(run("capture", *arguments).stdout)

        result = run("check", "--file", file)

        assert result.stdout.endswith("Nothing is wrong.\n")
        assert 0 == result.exit_code


def test_check_of_a_file_says_what_is_wrong_and_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "kong.yml"
    file.write_text(with_plugins(OPENTELEMETRY))

    result = run("check", "--file", file)

    assert result.stdout.startswith("wrong  Nothing captures:")
    assert "\n       `otel-bridge kong capture` prints what to add.\n" in result.stdout
    assert "\n         tracing_instrumentations = request\n" in result.stdout
    assert result.stdout.endswith("1 wrong\n")
    assert 1 == result.exit_code


def test_check_of_a_running_kong() -> None:
    plugins = YAML(typ="safe").load(RIGHT)["plugins"]
    with admin_api(entities(plugins=plugins)) as url:
        result = run("check", "--admin-url", url)

    assert "Request bodies over 8192 bytes go to disk" in result.stdout
    assert 1 == result.exit_code


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "give --file KONG.yml or --admin-url URL, one of them"),
        (["--file", "a", "--admin-url", "b"], 2, "one of them"),
        (["--file", "/does/not/exist.yml"], 1, "/does/not/exist.yml: can't be read: No such file"),
        (["--admin-url", "kong:8001"], 1, "has to be one such as http://127.0.0.1:8001"),
    ],
)
def test_check_says_what_it_can_not_read(arguments: list[str], code: int, message: str) -> None:
    result = run("check", *arguments)

    assert message in result.stderr
    assert code == result.exit_code


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hello: world", "is no declarative configuration of Kong"),
        ("plugins: {}", "`plugins` has to be a list of mappings"),
        ("plugins:\n- name: a\n  name: b\n", ":3: plugins[0].name: is given twice, first in line 2"),
    ],
)
def test_files_that_are_not_kongs(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "kong.yml"
    file.write_text(text)

    for command in (["check", "--file"], ["import"]):
        result = run(*command, file)

        assert message in result.stderr
        assert 1 == result.exit_code


def test_import_gives_a_configuration_that_passes_the_check(tmp_path: Path) -> None:
    old, new = tmp_path / "kong.yml", tmp_path / "bridge.yaml"
    old.write_text("plugins: [{name: galileo, config: {service_token: t}}]\n")

    result = run("import", old)
    new.write_text(result.stdout)
    checked = CliRunner().invoke(main, ["check-config", str(new)])

    assert 0 == result.exit_code
    assert "galileo: everything to http://127.0.0.1:4380/1.1.0/single, without bodies\n" in checked.stdout
    assert 0 == checked.exit_code


def test_import_of_a_file_without_the_plugins(tmp_path: Path) -> None:
    file = tmp_path / "kong.yml"
    file.write_text(RIGHT)

    result = run("import", file)

    assert f"Error: {file}: holds no `galileo` and no `runscope` plugin\n" == result.stderr
    assert 1 == result.exit_code
