#!/usr/bin/env bash
# What answers to audits cost with more and more files committed (ANSWERS="--files 10,1000 --rounds 3" for less).
set -euo pipefail
# shellcheck disable=SC2086 # A list of arguments.
exec "$NOEMA_BIN/noema-bench-answers" --node "$NOEMA_BIN/noema-node" ${ANSWERS:-}
