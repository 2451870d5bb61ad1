#!/usr/bin/env bash
# Measures on this machine what it costs to read and to write one item of the state, in the client's database, and writes
# runtime/src/weights/database.rs.
#
#   scripts/bench-database.sh                     a state of 1,000,000 accounts
#   ACCOUNTS=10000 scripts/bench-database.sh      to see whether it runs
#
# The measure is the SDK's (`benchmark storage`): every item is read once, in random order, from a database whose own cache is warm but without the cache of the
# trie; items are written as a block writes them, many at once, with the new root of the trie and the commit to the database, divided by their number.
# 5,000 are written at once, twice as many as a block full of transfers writes today: what is measured is a little less than it costs there. A recorder of proofs is left out: nobody validates our blocks without the state.
#
# It takes a client that can look into its own database (feature runtime-benchmarks), which has a build directory of its own: 20 minutes the
# first time.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$HOME/.cache/noema/target}"
accounts=${ACCOUNTS:-1000000}
bench="$CARGO_TARGET_DIR/release/noema-bench"
node="$CARGO_TARGET_DIR/release/noema-node"
for program in "$bench" "$node"; do
  [ -x "$program" ] || { echo "$program is missing: run \`make bench-database\`" >&2; exit 1; }
done
# The chain's specification brings the runtime.
SKIP_WASM_BUILD=1 CARGO_TARGET_DIR="$CARGO_TARGET_DIR/benchmarks" \
  cargo build --release --locked -p noema-node --features runtime-benchmarks

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$bench" state --node "$node" --accounts "$accounts" --output "$dir/spec.json"
"$CARGO_TARGET_DIR/benchmarks/release/noema-node" benchmark storage --chain "$dir/spec.json" --base-path "$dir/db" --state-version 1 \
  --warmups 1 --batch-size 5000 --disable-pov-recorder --random-seed 1 \
  --template-path scripts/database-weights.hbs --weight-path "$dir" >&2
mv "$dir"/*_weights.rs runtime/src/weights/database.rs
