"""From the configuration's exporters to what each pipeline is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

from pydantic import SecretStr

from otel_bridge.asgi import split_endpoint
from otel_bridge.config import Config, Exporter, key_type
from otel_bridge.config import GalileoSettings as GalileoSection
from otel_bridge.delivery import Sender
from otel_bridge.exporters.base import Destination, without_bodies
from otel_bridge.exporters.galileo.destination import GalileoDestination
from otel_bridge.exporters.galileo.settings import GalileoSettings
from otel_bridge.exporters.runscope.destination import RunscopeDestination
from otel_bridge.exporters.runscope.settings import RunscopeSettings
from otel_bridge.mapping import HttpExchange
from otel_bridge.pipeline.pipeline import PipelineSettings
from otel_bridge.pipeline.routing import Router, Selector
from otel_bridge.service.cursors import StartAt

INSPECTOR = "inspector"
# Of all pipelines together; each gets its share, so that one that holds takes nothing from the others.
MEMORY = 200 * 1024 * 1024
# The inspector is a guest beside configured exporters: it never fills the journal for them.
INSPECTOR_BACKLOG = 256 * 1024 * 1024
# Somebody is looking on.
INSPECTOR_FLUSH_TIMEOUT = 0.5
_FIRST_ERROR = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One pipeline to be."""

    name: str
    start_at: StartAt
    settings: PipelineSettings
    retry_count: int
    destination: Destination
    sender: Callable[[], Sender]
    """Makes one for the loop it is called in."""
    extensions: bool
    """Whether its entries have `_otel`."""
    takes: Callable[[HttpExchange], bool]
    takes_all: bool


class InspectorDestination(GalileoDestination):
    """The inspector on this machine; with `errors_only` bodies go along with failed exchanges alone."""

    def __init__(self, settings: GalileoSettings, *, errors_only: bool) -> None:
        super().__init__(settings)
        self._errors_only = errors_only

    def entry(self, exchange: HttpExchange) -> bytes:
        if self._errors_only and 0 < exchange.status < _FIRST_ERROR:
            exchange = without_bodies(exchange, why="not wanted")
        return super().entry(exchange)


def pipeline_names(config: Config) -> set[str]:
    """The pipelines that *config* has."""
    return {*config.exporters, INSPECTOR} if config.inspector.enabled else set(config.exporters)


def wants_bodies(config: Config) -> bool:
    """Whether anybody wants bodies; if not, they never enter the journal."""
    inspector = config.inspector.enabled and config.inspector.log_bodies != "none"
    return inspector or any(_logs_bodies(exporter) for exporter in config.exporters.values())


def plans(config: Config, *, inspector: tuple[str, str] | None) -> Sequence[Plan]:
    """A plan for each exporter, and for the *inspector*, given where it listens and a token it takes."""
    memory = MEMORY // max(1, len(config.exporters) + (inspector is not None))
    made = list(_configured(config, memory))
    if inspector is not None:
        made.append(_inspector(config, *inspector, memory))
    return made


def _configured(config: Config, memory: int) -> Iterator[Plan]:
    for name, exporter in config.exporters.items():
        rivals = {
            other: Selector(rival.apply_to.parts)
            for other, rival in config.exporters.items()
            if key_type(other) == key_type(name)
        }
        destination = _destination(exporter)
        yield Plan(
            name=name,
            start_at=exporter.start_at,
            settings=PipelineSettings(
                queue_size=exporter.queue_size,
                flush_timeout=exporter.flush_timeout,
                memory=memory,
                max_backlog=exporter.max_backlog,
            ),
            retry_count=exporter.retry_count,
            destination=destination,
            sender=_sender(destination),
            extensions=exporter.extensions,
            takes=Router(rivals).takes(name),
            takes_all=not exporter.apply_to.parts,
        )


def _inspector(config: Config, endpoint: str, token: str, memory: int) -> Plan:
    host, port = split_endpoint(endpoint)
    log_bodies = config.inspector.log_bodies
    settings = GalileoSettings(
        service_token=token,
        host={"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host),  # noqa: S104 - where it listens
        port=port,
        https=False,
        log_bodies=log_bodies != "none",
        flush_timeout=INSPECTOR_FLUSH_TIMEOUT,
        extensions=True,
    )
    destination = InspectorDestination(settings, errors_only=log_bodies == "errors")
    return Plan(
        name=INSPECTOR,
        start_at=None,
        settings=PipelineSettings(
            queue_size=settings.queue_size,
            flush_timeout=settings.flush_timeout,
            memory=memory,
            max_backlog=INSPECTOR_BACKLOG if config.exporters else None,
        ),
        retry_count=settings.retry_count,
        destination=destination,
        sender=_sender(destination),
        extensions=settings.extensions,
        takes=lambda _: True,
        takes_all=True,
    )


def _destination(exporter: Exporter) -> GalileoDestination | RunscopeDestination:
    if isinstance(exporter, GalileoSection):
        return GalileoDestination(GalileoSettings(**_values(exporter, GalileoSettings)))
    return RunscopeDestination(RunscopeSettings(**_values(exporter, RunscopeSettings)))


def _values(section: Exporter, settings: type[GalileoSettings | RunscopeSettings]) -> dict[str, Any]:
    """What *settings* takes, under the same names, from the configuration's *section*."""
    values = {field.name: getattr(section, field.name) for field in fields(settings)}
    return {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value
        for name, value in values.items()
    }


def _sender(destination: GalileoDestination | RunscopeDestination) -> Callable[[], Sender]:
    return lambda: Sender(destination.transport)


def _logs_bodies(exporter: Exporter) -> bool:
    return exporter.log_bodies if isinstance(exporter, GalileoSection) else exporter.log_body
