"""The configuration file: loaded, checked, and frozen.

`load` gives a Config or raises ConfigError with every fault; `check` tells faults and warnings;
`load_for_convert` takes only what the offline converter needs.
"""

from otel_bridge.config.convert import ConvertSettings, load_for_convert
from otel_bridge.config.fields import key_type
from otel_bridge.config.loading import check, load
from otel_bridge.config.models import (
    ApplyTo,
    Config,
    Exporter,
    GalileoSettings,
    Inspector,
    RunscopeSettings,
)
from otel_bridge.documents.faults import ConfigError, Fault, Report, describe
from otel_bridge.documents.values import Endpoint

__all__ = [
    "ApplyTo",
    "Config",
    "ConfigError",
    "ConvertSettings",
    "Endpoint",
    "Exporter",
    "Fault",
    "GalileoSettings",
    "Inspector",
    "Report",
    "RunscopeSettings",
    "check",
    "describe",
    "key_type",
    "load",
    "load_for_convert",
]
