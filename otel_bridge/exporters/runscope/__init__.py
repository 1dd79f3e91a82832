from otel_bridge.exporters.runscope.destination import RunscopeDestination
from otel_bridge.exporters.runscope.exporter import RunscopeSpanExporter
from otel_bridge.exporters.runscope.settings import RunscopeSettings

__all__ = ["RunscopeDestination", "RunscopeSettings", "RunscopeSpanExporter"]
