import pytest

from otel_bridge.exporters import environment
from otel_bridge.exporters.environment import SettingsError
from otel_bridge.exporters.galileo import GalileoSettings


@pytest.mark.parametrize(
    ("reader", "text", "value"),
    [
        (environment.flag, "TRUE", True),
        (environment.flag, " on ", True),
        (environment.flag, "0", False),
        (environment.bodies, "all", True),
        (environment.bodies, "none", False),
        (environment.bodies, "true", True),
        (environment.whole, " 443 ", 443),
        (environment.seconds, "2.5", 2.5),
        (environment.milliseconds, "10000", 10.0),
    ],
)
def test_variables_are_read(reader: environment.Reader, text: str, value: object) -> None:
    assert value == reader(text)


@pytest.mark.parametrize(
    ("reader", "text", "complaint"),
    [
        (environment.flag, "maybe", "true or false"),
        (environment.bodies, "request", "all, or none"),
        (environment.whole, "4.5", "whole number"),
        (environment.seconds, "2s", "number of seconds"),
        (environment.seconds, "inf", "number of seconds"),
        (environment.milliseconds, "x", "number of milliseconds"),
    ],
)
def test_what_cannot_be_read_says_what_it_has_to_be(
    reader: environment.Reader, text: str, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        reader(text)


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(SettingsError, match=r"^GALILEO_HOST is not set, and the exporter needs it$"):
        GalileoSettings.from_env({"GALILEO_SERVICE_TOKEN": "t"})


def test_an_empty_variable_is_a_missing_one() -> None:
    with pytest.raises(SettingsError, match="GALILEO_SERVICE_TOKEN is not set"):
        GalileoSettings.from_env({"GALILEO_SERVICE_TOKEN": "", "GALILEO_HOST": "h"})


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("GALILEO_PORT", "https"),
        ("GALILEO_PORT", "70000"),
        ("GALILEO_HTTPS", "perhaps"),
        ("GALILEO_RETRY_COUNT", "-1"),
        ("GALILEO_CONNECTION_TIMEOUT", "0"),
        ("GALILEO_HOST", "https://collector"),
        ("GALILEO_HOST", "collector.galileo.mashape.com"),
        ("GALILEO_SERVICE_TOKEN", "to ken"),
    ],
)
def test_a_variable_that_cannot_be_used_is_named(variable: str, text: str) -> None:
    environ = {"GALILEO_SERVICE_TOKEN": "t", "GALILEO_HOST": "h", variable: text}

    with pytest.raises(SettingsError, match=f"^{variable} "):
        GalileoSettings.from_env(environ)


def test_a_setting_that_is_given_wins_and_is_named_as_such() -> None:
    environ = {"GALILEO_SERVICE_TOKEN": "t", "GALILEO_HOST": "h", "GALILEO_PORT": "nonsense"}

    assert 1 == GalileoSettings.from_env(environ, port=1).port
    with pytest.raises(SettingsError, match=r"^port has to be"):
        GalileoSettings.from_env(environ, port=0)


@pytest.mark.parametrize("token", ["", "to\nken", "tok\u00e9n", "to ken"])
def test_a_bad_token_is_not_quoted(token: str) -> None:
    with pytest.raises(SettingsError) as caught:
        environment.check_secret("service_token", token)

    assert not token or token not in str(caught.value)
