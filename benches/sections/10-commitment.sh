#!/usr/bin/env bash
# Hashing a file: Criterion on one core and on several, then the whole program beside 0G's SDK.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export CRITERION_HOME="$CARGO_TARGET_DIR/criterion"
# shellcheck disable=SC2086 # A list of arguments.
env -u SKIP_WASM_BUILD cargo bench --locked $BENCH_PACKAGES --bench commitment >&2
npm ci --prefix tests/judges --ignore-scripts --no-audit --no-fund >&2
"$NOEMA_BIN/noema-bench" commitment --criterion "$CRITERION_HOME" --noema "$NOEMA_BIN/noema" --sdk tests/judges/root-0g.bench.mjs
