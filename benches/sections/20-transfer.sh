#!/usr/bin/env bash
# Putting and getting a file through a daemon, beside `cp` (TRANSFER="--mib 256 --rounds 1" for less).
set -euo pipefail
# shellcheck disable=SC2086 # A list of arguments.
exec "$NOEMA_BIN/noema-bench" transfer ${TRANSFER:-}
