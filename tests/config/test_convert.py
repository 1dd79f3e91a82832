"""The converter needs little of a file, and minds only that."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from otel_bridge.config import ConfigError, ConvertSettings, load_for_convert
from otel_bridge.config.models import Redaction
from otel_bridge.config.redaction import redaction_rules
from otel_bridge.redaction import DEFAULTS, RedactionRules


def load(text: str, directory: Path) -> ConvertSettings:
    file = directory / "bridge.yaml"
    file.write_text(text)
    return load_for_convert(file, {"TOKEN": "t0k3n"})


def account(settings: ConvertSettings) -> tuple[str | None, str | None]:
    token = settings.service_token
    return token.get_secret_value() if token else None, settings.environment


def test_without_a_file_the_defaults_redact() -> None:
    assert ConvertSettings(DEFAULTS) == load_for_convert(None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("exporters: {galileo: {service_token: '${env:TOKEN}', environment: e}}", ("t0k3n", "e")),
        ("exporters: {galileo: {environment: ''}}", (None, None)),
        ("exporters: {galileo/b: {service_token: b}, galileo/a: {service_token: a}}", ("b", None)),
        ("exporters: {galileo/b: {service_token: b}, galileo: {service_token: g}}", ("g", None)),
        ("exporters: {runscope: {access_token: r}}", (None, None)),
        ("redaction: {}", (None, None)),
    ],
)
def test_the_account_is_the_galileo_exporters(
    tmp_path: Path, text: str, expected: tuple[str | None, str | None]
) -> None:
    assert expected == account(load(text, tmp_path))


def test_the_rest_of_the_file_may_be_wrong(tmp_path: Path) -> None:
    text = """
receivers: nonsense
exporters:
  galileo: {service_token: t, host: collector.galileo.mashape.com, port: "${env:UNSET}", queue_sise: 1}
  runscope: {access_token: "${env:UNSET}"}
"""

    assert ("t", None) == account(load(text, tmp_path))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "exporters: {galileo: {service_token: '${env:UNSET}'}}",
            "1: exporters.galileo.service_token: the env",
        ),
        ("exporters: {galileo: {service_token: 12}}", "1: exporters.galileo.service_token: is not text"),
        (
            "redaction:\n  headers: ['${env:UNSET}']",
            "2: redaction.headers[0]: the environment variable UNSET",
        ),
        ("redaction: {feilds: [a]}", "1: redaction.feilds: is unknown; did you mean `fields`?"),
        ("redaction: {patterns: ['(']}", "1: redaction.patterns[0]: is not a regular expression for RE2"),
        ("- list", "1: has to be a mapping"),
    ],
)
def test_the_parts_it_uses_have_to_be_right(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(text, tmp_path)

    [line] = str(caught.value).splitlines()
    assert message in line


def test_lists_extend_the_defaults(tmp_path: Path) -> None:
    rules = load(
        "redaction: {headers: [x-own], query: [q], fields: [f], patterns: ['p+']}", tmp_path
    ).redaction

    assert DEFAULTS.extended(headers=["x-own"], query=["q"], fields=["f"], patterns=["p+"]) == rules


def test_without_the_defaults_only_what_is_listed(tmp_path: Path) -> None:
    rules = load("redaction: {defaults: false, headers: [x-own]}", tmp_path).redaction
    nothing = RedactionRules(headers=(), query=(), fields=(), patterns=())

    assert nothing.extended(headers=["x-own"]) == rules


@given(
    lists=st.dictionaries(
        st.sampled_from(["headers", "query", "fields", "patterns"]), st.lists(st.text(max_size=6))
    )
)
def test_what_the_section_accepts_the_rules_accept(lists: dict[str, list[str]]) -> None:
    try:
        section = Redaction.model_validate(lists)
    except ValidationError:
        return

    redaction_rules(section)
