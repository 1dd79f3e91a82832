"""From a file to a Config: every fault at once, each with its path and line."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from otel_bridge.config.advice import warnings
from otel_bridge.config.channels import CHANNEL_TYPES, Channel
from otel_bridge.config.fields import Section, key_type
from otel_bridge.config.models import EXPORTER_TYPES, ApplyTo, Config, Exporter
from otel_bridge.config.ports import port_clashes
from otel_bridge.config.selectors import clashes
from otel_bridge.documents.document import Document, Unreadable, dotted, read, text_of
from otel_bridge.documents.explain import explain
from otel_bridge.documents.faults import ConfigError, Fault, Report, did_you_mean

Keyed = TypeVar("Keyed", bound=Section)
"""A section of one of several types, which its key tells."""


def load(path: Path | None, environment: Mapping[str, str] | None = None) -> Config:
    """The configuration in the file at *path*, or the defaults where there is none.

    References are resolved against *environment*, by default this process's own. Raises ConfigError.
    """
    if path is None:
        return Config()
    config, _, faults = _examine(path, environment)
    if faults:
        raise ConfigError(faults, path)
    return config


def check(path: Path, environment: Mapping[str, str] | None = None) -> Report:
    """Everything that can be said against the file at *path*; never raises for what is in it."""
    config, document, faults = _examine(path, environment)
    found = [Fault(dotted(where), document.line(where), message) for where, message in warnings(config)]
    return Report(faults, _in_order(found))


def read_document(path: Path, environment: Mapping[str, str] | None) -> Document:
    """The file at *path* as a mapping; whatever speaks against that is in its faults."""
    try:
        document = read(text_of(path), environment)
    except ConfigError as error:
        return Document(faults=list(error.faults))
    if document.faults and document.data is None:
        return document
    if document.data is None:
        document.faults.append(Fault("", None, "is empty"))
    elif not isinstance(document.data, dict):
        document.faults.append(
            Fault("", document.line(()), "has to be a mapping: `exporters:`, `journal:` and so on")
        )
        document.data = None
    return document


def read_exporters(document: Document) -> tuple[dict[str, Exporter], list[Fault]]:
    """The valid ones of the `exporters` section, and the faults of the others."""
    return _read_keyed(document, ("exporters",), EXPORTER_TYPES, "exporters")


def _read_channels(document: Document) -> tuple[dict[str, Channel], list[Fault]]:
    """The same for `inspector.alerts.channels`."""
    return _read_keyed(document, ("inspector", "alerts", "channels"), CHANNEL_TYPES, "channels")


def _read_keyed(
    document: Document, place: tuple[str, ...], types: Mapping[str, type[Keyed]], plural: str
) -> tuple[dict[str, Keyed], list[Fault]]:
    """The valid ones of a mapping by `type` or `type/name`, and the faults of the others."""
    section: object = document.data
    for part in place:
        section = section.get(part) if isinstance(section, dict) else None
    if section is None or isinstance(section, Unreadable):
        return {}, []
    if not isinstance(section, dict):
        return {}, [Fault(dotted(place), document.line(place), f"is not a mapping of {plural}")]
    valid: dict[str, Keyed] = {}
    faults: list[Fault] = []
    for key, value in section.items():
        here = (*place, key)
        model = types.get(key_type(key))
        if model is None or key.endswith("/"):
            faults.append(Fault(dotted(here), document.line(here), _key_fault(key, types)))
            continue
        try:
            valid[key] = model.model_validate({} if value is None else value)
        except ValidationError as error:
            faults.extend(explain(error, model, document, here))
    return valid, faults


def _examine(path: Path, environment: Mapping[str, str] | None) -> tuple[Config, Document, tuple[Fault, ...]]:
    """The configuration (with faults: what is right of it, the rest at its defaults) and the faults."""
    document = read_document(path, os.environ if environment is None else environment)
    if document.data is None:
        return Config(), document, tuple(document.faults)
    faults = document.faults
    exporters, exporter_faults = read_exporters(document)
    faults.extend(exporter_faults)
    for key, reason in clashes(_selectors(document.data.get("exporters"))):
        faults.append(Fault(dotted(("exporters", key)), document.line(("exporters", key)), reason))
    channels, channel_faults = _read_channels(document)
    faults.extend(channel_faults)
    data = _with_channels(document.data, channels) | {"exporters": exporters}
    try:
        config = Config.model_validate(data)
        for where, reason in port_clashes(config):
            faults.append(Fault(dotted(where), document.line(where), reason))
    except ValidationError as error:
        faults.extend(explain(error, Config, document, ()))
        wrong = {detail["loc"][0] for detail in error.errors()}
        config = Config.model_validate({key: value for key, value in data.items() if key not in wrong})
    return config, document, _in_order(faults)


def _selectors(section: object) -> dict[str, ApplyTo]:
    """The readable `apply_to` of every exporter, whatever else may be wrong with it."""
    found = {}
    for key, value in section.items() if isinstance(section, dict) else ():
        given = value.get("apply_to") if isinstance(value, dict) else None
        if key_type(key) in EXPORTER_TYPES:
            with contextlib.suppress(ValidationError):  # told as a fault of the exporter already
                found[key] = ApplyTo.model_validate(given)
    return found


def _with_channels(data: dict[str, Any], channels: dict[str, Channel]) -> dict[str, Any]:
    """*data* with the channels that are valid, where it has a section for them."""
    inspector = data.get("inspector")
    alerts = inspector.get("alerts") if isinstance(inspector, dict) else None
    if not isinstance(inspector, dict) or not isinstance(alerts, dict):
        return data
    return data | {"inspector": inspector | {"alerts": alerts | {"channels": channels}}}


def _key_fault(key: str, types: Mapping[str, object]) -> str:
    kind = key_type(key)
    if kind in types:
        return "has no name after the `/`"
    return f"is of an unknown type; {did_you_mean(kind, types)}"


def _in_order(faults: list[Fault]) -> tuple[Fault, ...]:
    """As the file reads; what has no line comes first. Each is said once."""
    return tuple(sorted(dict.fromkeys(faults), key=lambda fault: fault.line or 0))
