"""What docs/alerts.md says of channels is so: its configuration loads, its schema and its snippet hold."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import orjson
import pytest

from otel_bridge.config import load
from otel_bridge.config.channels import CHANNEL_TYPES
from otel_bridge.inspector.alerts.channels.apprise import SCHEMES
from otel_bridge.inspector.alerts.channels.webhook import payload, signature, signing_key
from otel_bridge.inspector.alerts.notification import Kind
from tests.inspector.alerts.channels.notifications import NOW, a_notification, resolved

PAGE = (Path(__file__).parents[4] / "docs" / "alerts.md").read_text(encoding="utf-8")
CHANNELS = re.split(r"^## ", PAGE.partition("\n## Channels\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
ENVIRONMENT = {
    "SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/T0/B0/x",
    "SLACK_PAYMENTS_WEBHOOK_URL": "https://hooks.slack.com/services/T0/B0/y",
    "PAGERDUTY_ROUTING_KEY": "k" * 32,
    "SMTP_PASSWORD": "p",
    "WEBHOOK_SECRET": "s",
    "TEAMS_WORKFLOW_URL": "workflows://host.example.com:443/643e69f83c8944/signature",
}


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", CHANNELS, re.DOTALL)


@pytest.mark.parametrize("example", blocks("yaml"))
def test_every_configuration_loads(example: str, tmp_path: Path) -> None:
    file = tmp_path / "bridge.yaml"
    file.write_text(example)

    assert load(file, ENVIRONMENT).inspector.alerts.channels


def test_every_type_has_its_row_and_its_configuration() -> None:
    assert sorted(CHANNEL_TYPES) == sorted(re.findall(r"^\| `(\w+)` \|", CHANNELS, re.MULTILINE))
    for kind in CHANNEL_TYPES:
        assert any(re.search(rf"^      {kind}(/\w+)?:", example, re.MULTILINE) for example in blocks("yaml"))


def test_every_service_of_apprise_has_its_row() -> None:
    rows = re.findall(r"^\| ([^|]+) \| ((?:`\w+://`(?:, )?)+) \|$", CHANNELS, re.MULTILINE)

    assert SCHEMES == {scheme: name for name, cell in rows for scheme in re.findall(r"`(\w+)://`", cell)}


@pytest.mark.parametrize(
    "notification",
    [
        a_notification(),
        resolved(),
        a_notification(kind=Kind.TEST),
        a_notification(per="", group="", note="", runbook="", link="", value=0.25, threshold=0.05),
    ],
)
def test_the_schema_of_the_webhook_is_kept(notification: Any) -> None:
    (schema,) = map(json.loads, blocks("json"))
    body = json.loads(orjson.dumps(payload(notification)))

    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(body, schema)
    assert schema["properties"]["data"]["properties"].keys() == body["data"].keys()
    assert schema["properties"].keys() == body.keys()


class TestTheSnippetThatVerifies:
    @pytest.fixture
    def verified(self, monkeypatch: pytest.MonkeyPatch) -> Callable[..., bool]:
        monkeypatch.setattr("time.time", lambda: NOW + 299)
        namespace: dict[str, Any] = {}
        exec(blocks("python")[0], namespace)
        found: Callable[..., bool] = namespace["verified"]
        return found

    @pytest.mark.parametrize("secret", ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "any other text"])
    def test_it_takes_what_we_sign_and_nothing_else(self, verified: Callable[..., bool], secret: str) -> None:
        body, now = b'{"a":1}', int(NOW)
        mine = {
            "webhook-id": "id",
            "webhook-timestamp": str(now),
            "webhook-signature": signature(signing_key(secret), "id", now, body),
        }
        late = signature(signing_key(secret), "id", now - 2, body)

        assert verified(mine, body, secret)
        assert verified(mine | {"webhook-signature": "v1,AAAA " + mine["webhook-signature"]}, body, secret)
        assert not verified(mine, body + b" ", secret)
        assert not verified(mine, body, secret + "BBBB")
        assert not verified(mine | {"webhook-id": "other"}, body, secret)
        assert not verified(
            mine | {"webhook-timestamp": str(now - 2), "webhook-signature": late}, body, secret
        )
