#!/bin/sh
# Outside programs that field tests compare with, from the distribution's packages: a Lua interpreter,
# Prometheus' promtool, a browser, a C compiler; and the OpenTelemetry Collector, built with Go (1.25 or later).
# Without the rights to install them, those tests are skipped (and fail where CI is set).
set -eu
missing=""
command -v lua5.1 >/dev/null || missing="$missing lua5.1"
command -v promtool >/dev/null || missing="$missing prometheus"
command -v chromium >/dev/null || missing="$missing chromium"
command -v cc >/dev/null || missing="$missing gcc libc6-dev"
if [ -n "$missing" ] && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -qq -y --no-install-recommends $missing >/dev/null
fi
if command -v go >/dev/null; then
    "$(dirname "$0")/collector/build.sh" >/dev/null
fi
