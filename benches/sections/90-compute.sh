#!/usr/bin/env bash
# What gateway and proxy add to a request, vouchers a second, and what settling weighs (COMPUTE="--requests 100" for less).
set -euo pipefail
# shellcheck disable=SC2086 # A list of arguments.
exec "$NOEMA_BIN/noema-bench" compute ${COMPUTE:-}
