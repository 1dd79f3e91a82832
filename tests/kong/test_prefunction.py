"""The text that Kong runs, against the files it is made from."""

from __future__ import annotations

import re
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

import otel_bridge.kong
from otel_bridge.kong.files import plugin_file
from otel_bridge.kong.prefunction import prefunction
from otel_bridge.kong.settings import BODIES, DEFAULT, MAX_BODY_SIZE, CaptureSettings, SettingError, parse
from tests.programs import program

CAPTURE = Path(otel_bridge.kong.__file__).parent / "capture"
SETTINGS = [
    [],
    ["bodies=errors", "max_body_size=16384"],
    ["redact_json_fields=password,card number", 'redact_headers=x-"odd",x-back\\slash', "content_types=*"],
    ["redact_query=", "redact_json_fields="],
]


def test_the_defaults_give_the_shipped_file_byte_for_byte() -> None:
    assert (CAPTURE / "capture.yml").read_text() == prefunction(DEFAULT)


@pytest.mark.field
@pytest.mark.parametrize("assignments", SETTINGS, ids=str)
def test_the_same_as_generate_lua_writes(assignments: list[str]) -> None:
    lua = program("lua5.1", "luajit", "lua5.4", "lua", package="lua5.1")

    made = subprocess.run(
        [lua, CAPTURE / "generate.lua", *assignments], capture_output=True, text=True, check=True
    )

    assert made.stdout == prefunction(parse(assignments))


@pytest.mark.parametrize("assignments", SETTINGS, ids=str)
def test_its_lua_is_the_plugins_core(assignments: list[str]) -> None:
    document = YAML(typ="safe").load(prefunction(parse(assignments)))
    [entry] = document["plugins"]
    [lua] = entry["config"]["access"]
    core = re.search(r"-- CORE BEGIN\n(.*)-- CORE END", plugin_file("handler.lua"), re.DOTALL)

    assert core is not None
    assert lua.startswith(core[1])
    assert [lua] == entry["config"]["body_filter"] == entry["config"]["log"]


def test_the_settings_are_those_of_the_schema() -> None:
    schema = plugin_file("schema.lua")
    names = re.findall(r"^ {10}\{ (\w+) = ", schema, re.MULTILINE)

    assert names == [field.name for field in fields(CaptureSettings)]
    assert f"between = {{ 1, {MAX_BODY_SIZE} }}" in schema
    assert 'one_of = {{ "{}", "{}", "{}" }}'.format(*BODIES) in schema


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("bodys=all", "bodys: is no setting of otel-capture; did you mean `bodies`?"),
        ("x=1", "known are bodies, max_body_size"),
        ("bodies=some", "bodies: must be one of none, errors, all"),
        ("bodies=", "bodies: must be one of"),
        ("max_body_size=0", "max_body_size: must be a whole number of bytes from 1 to 1048576"),
        ("max_body_size=1048577", "from 1 to 1048576"),
        ("max_body_size=64k", "from 1 to 1048576"),
        (f"max_body_size={'9' * 5000}", "from 1 to 1048576"),
        ("redact_headers=a\nb", "redact_headers: holds a line break"),
    ],
)
def test_what_the_schema_would_refuse(assignment: str, message: str) -> None:
    with pytest.raises(SettingError, match=re.escape(message)):
        parse([assignment])


def test_blanks_beside_commas_are_no_part_of_a_name() -> None:
    assert ("password", "pin") == parse(["redact_json_fields= password, pin,"]).redact_json_fields


PRINTABLE = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1).filter(str.isprintable)


@given(st.lists(PRINTABLE.filter(lambda name: "," not in name)))
def test_any_name_reaches_the_lua_table_quoted(names: list[str]) -> None:
    text = prefunction(parse([f"redact_query={','.join(names)}"]))
    [lua] = YAML(typ="safe").load(text)["plugins"][0]["config"]["access"]
    [row] = re.findall(r"^  redact_query = \{ (.*) \},$", lua, re.MULTILINE)

    assert names == [re.sub(r"\\(.)", r"\1", quoted) for quoted in re.findall(r'"((?:[^"\\]|\\.)*)"', row)]
