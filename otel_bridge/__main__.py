"""`python -m otel_bridge` is the command line."""

from otel_bridge.cli import main

main(prog_name="otel-bridge")
