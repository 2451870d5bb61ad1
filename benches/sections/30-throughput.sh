#!/usr/bin/env bash
# Transfers included a second, beside the stock template (THROUGHPUT="--chains noema --scale 10" for less).
set -euo pipefail
# shellcheck disable=SC2086 # A list of arguments.
exec "$NOEMA_BIN/noema-bench" throughput ${THROUGHPUT:-}
