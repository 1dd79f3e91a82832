"""The few settings of the offline converter; the rest of the file may be missing or wrong."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, SecretStr, ValidationError

from otel_bridge.config.fields import OptionalText, Secret, key_type
from otel_bridge.config.loading import read_document
from otel_bridge.config.models import Redaction
from otel_bridge.config.redaction import redaction_rules
from otel_bridge.documents.document import Document, dotted
from otel_bridge.documents.explain import explain
from otel_bridge.documents.faults import ConfigError, Fault
from otel_bridge.redaction import RedactionRules


class ConvertSettings(NamedTuple):
    redaction: RedactionRules
    service_token: SecretStr | None = None
    """Of the exporter `galileo`, else of the first `galileo/...`; None where there is none."""
    environment: str | None = None


class _Account(BaseModel, frozen=True, extra="ignore", hide_input_in_errors=True):
    service_token: Secret | None = None
    environment: OptionalText = None


def load_for_convert(path: Path | None, environment: Mapping[str, str] | None = None) -> ConvertSettings:
    """Read only `redaction` and the Galileo account; raises ConfigError for faults in those.

    References are resolved against *environment*, by default this process's own.
    """
    if path is None:
        return ConvertSettings(redaction_rules(Redaction()))
    document = read_document(path, os.environ if environment is None else environment)
    if document.data is None:
        raise ConfigError(document.faults, path)
    exporter, account_data = _account_of(document.data)
    faults = list(
        _faults_in(
            document,
            [
                ("redaction",),
                ("exporters", exporter, "service_token"),
                ("exporters", exporter, "environment"),
            ],
        )
    )
    redaction, account = Redaction(), _Account()
    try:
        redaction = Redaction.model_validate(document.data.get("redaction"))
    except ValidationError as error:
        faults.extend(explain(error, Redaction, document, ("redaction",)))
    try:
        account = _Account.model_validate(account_data)
    except ValidationError as error:
        faults.extend(explain(error, _Account, document, ("exporters", exporter)))
    if faults:
        raise ConfigError(faults, path)
    return ConvertSettings(redaction_rules(redaction), account.service_token, account.environment)


def _account_of(data: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    exporters = data.get("exporters")
    if not isinstance(exporters, dict):
        return "", {}
    accounts = {
        key: value
        for key, value in exporters.items()
        if key_type(key) == "galileo" and isinstance(value, dict)
    }
    if not accounts:
        return "", {}
    key = "galileo" if "galileo" in accounts else next(iter(accounts))
    return key, accounts[key]


def _faults_in(document: Document, paths: list[tuple[str, ...]]) -> Iterator[Fault]:
    for fault in document.faults:
        for path in map(dotted, paths):
            if fault.path == path or fault.path.startswith((f"{path}.", f"{path}[")):
                yield fault
