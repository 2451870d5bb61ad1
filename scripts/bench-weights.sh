#!/usr/bin/env bash
# Measures every call and hook of our pallets on this machine. Writes the weights that the runtime uses (runtime/src/weights/pallet_noema_*.rs)
# and, from the same measurement, those that each pallet offers to other runtimes (pallets/*/src/weights/measured.rs).
#
#   scripts/bench-weights.sh                          50 steps, 20 repetitions: what a release is measured with, on the reference machine
#   scripts/bench-weights.sh --steps 5 --repeat 1     to see whether every benchmark runs
#   PALLETS=pallet_noema_storage scripts/bench-weights.sh     one pallet only
#
# The client that is shipped measures; only the runtime is built with its benchmarks, in a build directory of its own, so that it never takes the
# place of the one that is shipped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$HOME/.cache/noema/target}"
export WASM_BUILD_WORKSPACE_HINT="$PWD"
node="$CARGO_TARGET_DIR/release/noema-node"
[ $# -gt 0 ] || set -- --steps 50 --repeat 20
[ -x "$node" ] || { echo "$node is missing: run \`make build\` first" >&2; exit 1; }

# The wasm is made by the build script, which `check` runs too.
env -u SKIP_WASM_BUILD CARGO_TARGET_DIR="$CARGO_TARGET_DIR/benchmarks" cargo check --release --locked -p noema-runtime --features runtime-benchmarks
wasm="$CARGO_TARGET_DIR/benchmarks/release/wbuild/noema-runtime/noema_runtime.wasm"
bench() { "$node" benchmark pallet --runtime "$wasm" --genesis-builder runtime --genesis-builder-preset development "$@"; }

: "${PALLETS:=$(bench --list=pallets --no-csv-header | grep '^pallet_noema_')}"
for pallet in $PALLETS; do
  printf '%s\n' "$pallet"
  bench --pallet "$pallet" --extrinsic "*" --quiet "$@" --template scripts/weights.hbs --output "runtime/src/weights/$pallet.rs"
  sed -e 's/pub struct WeightInfo</pub struct SubstrateWeight</' \
    -e "s/${pallet}::WeightInfo for WeightInfo</super::WeightInfo for SubstrateWeight</" \
    "runtime/src/weights/$pallet.rs" >"pallets/${pallet#pallet_noema_}/src/weights/measured.rs"
done
