#!/usr/bin/env bash
# Very many small files put by one command, beside copies (MANY="--files 20" for less).
set -euo pipefail
# shellcheck disable=SC2086 # A list of arguments.
exec "$NOEMA_BIN/noema-bench" many ${MANY:-}
