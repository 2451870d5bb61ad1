#!/usr/bin/env bash
# Putting a file to three providers and getting it back, beside `cp` (REPLICAS="--mib 2 --rounds 1" for less).
set -euo pipefail
# shellcheck disable=SC2086 # A list of arguments.
exec "$NOEMA_BIN/noema-bench" replicas ${REPLICAS:-}
