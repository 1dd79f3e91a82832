from otel_bridge.exporters.galileo.destination import GalileoDestination
from otel_bridge.exporters.galileo.exporter import GalileoSpanExporter
from otel_bridge.exporters.galileo.settings import GalileoSettings

__all__ = ["GalileoDestination", "GalileoSettings", "GalileoSpanExporter"]
