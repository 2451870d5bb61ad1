#!/usr/bin/env bash
# Coding blobs on one core beside PeerDAS' library, then blobs through gateway and seats (DA="--sizes 1 --repeat 1" for less).
set -euo pipefail
one_core=()
if command -v taskset >/dev/null; then one_core=(taskset -c 0); fi
# shellcheck disable=SC2086 # A list of arguments.
RAYON_NUM_THREADS=1 "${one_core[@]}" "$NOEMA_BIN/noema-bench" da --only coding ${DA:-}
echo
# shellcheck disable=SC2086 # A list of arguments.
exec "$NOEMA_BIN/noema-bench" da --only network ${DA:-}
