#!/bin/sh
# Outside programs that field tests compare with: a Lua interpreter from the distribution's packages.
# Without the rights to install it, those tests are skipped (and fail where CI is set).
set -eu
if ! command -v lua5.1 >/dev/null && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y lua5.1 >/dev/null
fi
