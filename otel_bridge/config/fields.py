"""What the sections of the configuration are made of: their base, and the types of their values."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainValidator,
    SecretStr,
    model_validator,
)

from otel_bridge.config import checks
from otel_bridge.documents import values
from otel_bridge.documents.values import Endpoint, show_bytes, show_seconds, within

KIB, MIB, GIB, TIB = 1024, 1024**2, 1024**3, 1024**4
HOUR, DAY = 3600.0, 86400.0

Seconds = Annotated[float, BeforeValidator(values.duration(1.0))]
Milliseconds = Annotated[float, BeforeValidator(values.duration(0.001))]
"""A plain number counts milliseconds; the value in the model is seconds like all others."""
Days = Annotated[float, BeforeValidator(values.duration(DAY))]
Size = Annotated[int, BeforeValidator(values.size)]
Count = Annotated[int, BeforeValidator(values.whole_number)]
Share = Annotated[float, BeforeValidator(values.share)]
Text = Annotated[str, BeforeValidator(values.required_text)]
Host = Annotated[str, BeforeValidator(values.host)]
Url = Annotated[str, BeforeValidator(values.http_url)]
Secret = Annotated[SecretStr, BeforeValidator(values.secret)]
Directory = Annotated[Path, BeforeValidator(values.directory)]
ReadableFile = Annotated[Path, BeforeValidator(values.readable_file)]
Listen = Annotated[Endpoint, PlainValidator(values.endpoint)]
SecretName = Annotated[str, BeforeValidator(values.secret_name)]
Pattern = Annotated[str, BeforeValidator(values.pattern)]
Query = Annotated[str, BeforeValidator(checks.query)]

QueueSize = Annotated[
    Count, AfterValidator(within(0, 1_000_000)), AfterValidator(lambda count: max(count, 1))
]
"""Exchanges; 0 was allowed in the plugins and meant what 1 means."""
Timeout = AfterValidator(within(0.001, HOUR, show_seconds))
Wait = AfterValidator(within(0, HOUR, show_seconds))
Age = AfterValidator(within(1, 36_500 * DAY, show_seconds))
Room = AfterValidator(within(0, 1024 * TIB, show_bytes))
Stored = AfterValidator(within(KIB, 1024 * TIB, show_bytes))
InMemory = AfterValidator(within(KIB, 64 * GIB, show_bytes))


def as_list(value: object) -> object:
    """One value, or a list of them."""
    return [value] if isinstance(value, str) else value


def _given(value: object) -> object:
    return None if value == "" else value


Names = Annotated[tuple[Text, ...], BeforeValidator(as_list), AfterValidator(values.not_empty)]
OptionalText = Annotated[str | None, BeforeValidator(_given)]


class Section(BaseModel):
    """What all sections have in common: unknown keys are faults, nothing changes later."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _without_empty_sections(cls, data: Any) -> Any:
        """As in the Collector, a section without anything in it (`journal:`) is one of defaults."""
        if data is None:
            return {}
        if not isinstance(data, dict):
            return data
        sections = {
            name
            for name, field in cls.model_fields.items()
            if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
        }
        return {key: {} if value is None and key in sections else value for key, value in data.items()}


def key_type(key: str) -> str:
    """`galileo` of `galileo/orders`, `slack` of `slack`."""
    return key.partition("/")[0]
