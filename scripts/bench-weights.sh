#!/usr/bin/env bash
# Measures every call and hook of our pallets on this machine and writes the weights that the runtime uses (runtime/src/weights/).
#
#   scripts/bench-weights.sh                          50 steps, 20 repetitions: what a release is measured with, on the reference machine
#   scripts/bench-weights.sh --steps 5 --repeat 1     to see whether every benchmark runs
#
# The first run compiles the SDK once more, with its benchmarks.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$HOME/.cache/noema/target}"
export WASM_BUILD_WORKSPACE_HINT="$PWD"
node="$CARGO_TARGET_DIR/release/noema-node"
[ $# -gt 0 ] || set -- --steps 50 --repeat 20

env -u SKIP_WASM_BUILD cargo build --release --locked -p noema-node --features runtime-benchmarks
pallets=$("$node" benchmark pallet --chain dev --list=pallets --no-csv-header | grep '^pallet_noema_')
for pallet in $pallets; do
  printf '%s\n' "$pallet"
  "$node" benchmark pallet --chain dev --pallet "$pallet" --extrinsic '*' --output runtime/src/weights/ --quiet "$@"
done
