#!/usr/bin/env bash
# Block interval, forks and finality of four validators, beside the stock template (FINALITY="--chains noema --scale 50" for less).
set -euo pipefail
# shellcheck disable=SC2086 # A list of arguments.
exec "$NOEMA_BIN/noema-bench" finality ${FINALITY:-}
