import pytest

from otel_bridge.delivery import Transport
from otel_bridge.exporters.environment import SettingsError
from otel_bridge.exporters.galileo import GalileoSettings

ENVIRON = {
    "GALILEO_SERVICE_TOKEN": " secret\n",
    "GALILEO_HOST": "collector.example.com",
    "GALILEO_PORT": "8443",
    "GALILEO_HTTPS": "false",
    "GALILEO_HTTPS_VERIFY": "no",
    "GALILEO_ENVIRONMENT": "staging",
    "GALILEO_LOG_BODIES": "all",
    "GALILEO_RETRY_COUNT": "3",
    "GALILEO_CONNECTION_TIMEOUT": "5",
    "GALILEO_FLUSH_TIMEOUT": "1.5",
    "GALILEO_QUEUE_SIZE": "50",
    "GALILEO_EXTENSIONS": "true",
}


def test_every_setting_has_its_variable() -> None:
    expected = GalileoSettings(
        service_token="secret",
        host="collector.example.com",
        port=8443,
        https=False,
        https_verify=False,
        environment="staging",
        log_bodies=True,
        retry_count=3,
        connection_timeout=5.0,
        flush_timeout=1.5,
        queue_size=50,
        extensions=True,
    )

    assert expected == GalileoSettings.from_env(ENVIRON)
    assert len(ENVIRON) == len(GalileoSettings.__dataclass_fields__)


def test_the_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GALILEO_SERVICE_TOKEN", "secret")
    monkeypatch.setenv("GALILEO_HOST", "h")

    assert "h" == GalileoSettings.from_env().host


def test_the_token_is_never_shown() -> None:
    assert "secret" not in repr(GalileoSettings(service_token="secret", host="h"))


def test_the_plugins_timeout_is_for_silence_and_a_request_ends_all_the_same() -> None:
    settings = GalileoSettings(service_token="t", host="h", connection_timeout=5.0, https_verify=False)

    assert Transport(timeout=5.0, total_timeout=20.0, keepalive=30.0, verify=False) == settings.transport


@pytest.mark.parametrize("host", ["collector.galileo.mashape.com", "socket.apianalytics.com.", "MASHAPE.COM"])
def test_the_retired_collector_is_refused(host: str) -> None:
    with pytest.raises(SettingsError, match="shut down"):
        GalileoSettings(service_token="t", host=host)
