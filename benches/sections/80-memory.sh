#!/usr/bin/env bash
# Memory of a daemon that holds very many files, beside one with few (MEMORY="--files 10,50 --rounds 1" for less).
set -euo pipefail
# shellcheck disable=SC2086 # A list of arguments.
exec "$NOEMA_BIN/noema-bench" memory ${MEMORY:-}
