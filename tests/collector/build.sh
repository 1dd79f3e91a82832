#!/bin/sh
# Builds the OpenTelemetry Collector of builder.yaml with its own builder, from the Go module proxy, and prints where
# it is. Once for each content of that file: some minutes on two cores, then nothing.
set -eu
manifest="$(cd "$(dirname "$0")" && pwd)/builder.yaml"
version="$(sed -n 's/^  version: //p' "$manifest")"
directory="${XDG_CACHE_HOME:-$HOME/.cache}/otel-bridge-tests/collector-$(cksum <"$manifest" | cut -d ' ' -f 1)"
if [ ! -x "$directory/otelcol" ]; then
    mkdir -p "$directory"
    cp "$manifest" "$directory/builder.yaml"
    cd "$directory"
    GOBIN="$directory" go install "go.opentelemetry.io/collector/cmd/builder@v$version" >&2
    ./builder --config builder.yaml >&2
    # Moved last, so what is there is whole.
    mv build/otelcol otelcol
    rm -rf build
fi
echo "$directory/otelcol"
