"""OTLP in, Galileo ALF and Runscope messages out: Kong's HTTP traffic log, on open standards."""

__version__ = "0.1.0"
