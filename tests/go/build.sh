#!/bin/sh
# Builds the program of this directory from the Go module proxy and prints where it is: once for each content.
set -eu
cd "$(dirname "$0")"
directory="${XDG_CACHE_HOME:-$HOME/.cache}/otel-bridge-tests/go-$(cat go.sum orders.go | cksum | cut -d ' ' -f 1)"
if [ ! -x "$directory/orders" ]; then
    mkdir -p "$directory"
    go build -o "$directory/orders.new" . >&2
    # Moved last, so what is there is whole.
    mv "$directory/orders.new" "$directory/orders"
fi
echo "$directory/orders"
