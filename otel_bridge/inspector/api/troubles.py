"""What of the inspector's and the bridge's state needs a person, and what that person can do. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from otel_bridge.inspector.api.status_shapes import BridgeShape, PipelineShape, WarningShape
from otel_bridge.inspector.settings import InspectorSettings
from otel_bridge.inspector.store.interface import Held

# Shares and hours that leave time to do something.
JOURNAL_FULL = 0.7
HOURS_LEFT = 24
DISK_FREE = 1 << 30


def of_inspector(
    settings: InspectorSettings, held: Held, *, disk_free: int, beyond_loopback: bool
) -> Iterator[WarningShape]:
    """*disk_free* is in bytes; *beyond_loopback*: others than this machine can connect."""
    if held.quarantined:
        yield WarningShape(
            text=f"{len(held.quarantined)} damaged files were set aside: {held.quarantined[0]} ...",
            fix="Look at the disk; what they held can't be shown. Delete them to end this.",
        )
    if held.hours_left is not None and held.hours_left < HOURS_LEFT:
        yield WarningShape(
            text=f"At today's rate the oldest exchange goes in {held.hours_left:.1f} hours.",
            fix="Raise inspector.retention.size, keep fewer bodies (log_bodies), or exclude traffic.",
        )
    if disk_free < max(DISK_FREE, 2 * settings.retention.min_free):
        yield WarningShape(
            text=f"The disk is nearly full: {_mib(disk_free)} MiB are free.",
            fix=f"Make room. Below {_mib(settings.retention.min_free)} MiB (inspector.retention.min_free) "
            "the oldest traffic goes.",
        )
    if beyond_loopback and not settings.ingest_tokens:
        yield WarningShape(
            text="The inspector listens beyond this machine and takes traffic from anybody.",
            fix="Set inspector.ingest_tokens, or listen on 127.0.0.1.",
        )


def unanswered() -> WarningShape:
    return WarningShape(
        text="The bridge does not say how it is.",
        fix="Look at its log, and whether telemetry.metrics.endpoint can be reached from this machine.",
    )


def of_bridge(bridge: BridgeShape) -> Iterator[WarningShape]:
    for protocol in bridge.unprotected:
        yield WarningShape(
            text=f"Anybody in the network may send by OTLP/{protocol}.",
            fix="Set receivers.otlp.auth.bearer_tokens or a client_ca_file, or listen on 127.0.0.1.",
        )
    full = bridge.journal_bytes / bridge.journal_limit if bridge.journal_limit else 0.0
    if full > JOURNAL_FULL:
        yield WarningShape(
            text=f"The journal is {full:.0%} full{_until_full(bridge)}; once it is, senders are refused.",
            fix="Look at which pipeline lags, and why; raise journal.max_size, or set its max_backlog.",
        )
    if bridge.journal_damaged:
        yield WarningShape(
            text=f"{bridge.journal_damaged} damaged files of the journal were set aside.",
            fix="Look at the disk, and at the bridge's log for what was in them.",
        )
    for pipeline in bridge.pipelines:
        yield from _of_pipeline(pipeline)


def _of_pipeline(pipeline: PipelineShape) -> Iterator[WarningShape]:
    if pipeline.holding:
        yield WarningShape(
            text=f"{pipeline.name} is on hold for {_duration(pipeline.hold_seconds)}: "
            "nothing can be delivered, and the journal keeps what comes.",
            fix="Look at the destination, and at the bridge's log for what it answers.",
        )
    if pipeline.dead_letters:
        yield WarningShape(
            text=f"{pipeline.name}: {_letters(pipeline.dead_letters)} to decide about.",
            fix="otel-bridge dead-letters list says why; then replay or drop them.",
        )
    if pipeline.given_up:
        yield WarningShape(
            text=f"{pipeline.name} gave up {pipeline.given_up} exchanges: its backlog reached max_backlog.",
            fix="See that its destination keeps up, or raise max_backlog.",
        )


def _until_full(bridge: BridgeShape) -> str:
    left = bridge.journal_seconds_to_full
    return "" if left is None else f", and wholly so in {_duration(left)} at this rate"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.0f} h"


def _letters(count: int) -> str:
    return "1 dead letter" if count == 1 else f"{count} dead letters"


def _mib(size: int) -> int:
    return size >> 20
