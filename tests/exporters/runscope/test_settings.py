import pytest

from otel_bridge.delivery import Transport
from otel_bridge.exporters.environment import SettingsError
from otel_bridge.exporters.runscope import RunscopeSettings

ENVIRON = {
    "RUNSCOPE_ACCESS_TOKEN": "secret",
    "RUNSCOPE_BUCKET_KEY": "bucket",
    "RUNSCOPE_LOG_BODY": "true",
    "RUNSCOPE_API_ENDPOINT": "http://127.0.0.1:4380",
    "RUNSCOPE_TIMEOUT": "2500",
    "RUNSCOPE_KEEPALIVE": "60",
    "RUNSCOPE_HTTPS_VERIFY": "false",
    "RUNSCOPE_RETRY_COUNT": "1",
    "RUNSCOPE_FLUSH_TIMEOUT": "0.5",
    "RUNSCOPE_QUEUE_SIZE": "7",
    "RUNSCOPE_EXTENSIONS": "1",
}


def test_every_setting_has_its_variable() -> None:
    expected = RunscopeSettings(
        access_token="secret",
        bucket_key="bucket",
        log_body=True,
        api_endpoint="http://127.0.0.1:4380",
        timeout=2.5,
        keepalive=0.06,
        https_verify=False,
        retry_count=1,
        flush_timeout=0.5,
        queue_size=7,
        extensions=True,
    )

    assert expected == RunscopeSettings.from_env(ENVIRON)
    assert len(ENVIRON) == len(RunscopeSettings.__dataclass_fields__)


def test_defaults_are_the_plugins_but_for_verification() -> None:
    settings = RunscopeSettings(access_token="t", bucket_key="b")

    assert "https://api.runscope.com" == settings.api_endpoint
    assert Transport(timeout=10.0, total_timeout=40.0, keepalive=0.03, verify=True) == settings.transport


def test_the_token_is_never_shown() -> None:
    assert "secret" not in repr(RunscopeSettings(access_token="secret", bucket_key="b"))


@pytest.mark.parametrize(
    ("setting", "value"),
    [("access_token", "a b"), ("bucket_key", ""), ("api_endpoint", "api.runscope.com"), ("timeout", 0.0)],
)
def test_what_cannot_be_used_is_named(setting: str, value: object) -> None:
    given = {"access_token": "t", "bucket_key": "b", setting: value}

    with pytest.raises(SettingsError, match=f"^{setting} "):
        RunscopeSettings(**given)  # type: ignore[arg-type]
