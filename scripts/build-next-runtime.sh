#!/usr/bin/env bash
# Builds the runtime of this tree with a higher spec version, one changed constant and one more pallet, and puts its WASM at the path given:
#
#   scripts/build-next-runtime.sh next.wasm
#   scripts/build-next-runtime.sh --path        say where the build leaves it
#
# The sources here are not touched: tests/next-runtime makes a changed copy of them in the build directory.
set -euo pipefail

[ $# -eq 1 ] || { echo "usage: $0 OUT.wasm | --path" >&2; exit 2; }
out=$1
[ "$out" = --path ] || out=$(realpath -m "$out")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$HOME/.cache/noema/target}"
export WASM_BUILD_WORKSPACE_HINT="$PWD"

# tests/next-runtime/build.rs names the files after the package.
package=noema-runtime-next
built="$CARGO_TARGET_DIR/release/wbuild/$package/$package.rs.compact.compressed.wasm"
if [ "$out" = --path ]; then echo "$built"; exit 0; fi

env -u SKIP_WASM_BUILD cargo build --release --locked -p noema-next-runtime
mkdir -p "$(dirname "$out")"
cp "$built" "$out"
printf '%s (%s bytes)\n' "$out" "$(stat -c %s "$out" 2>/dev/null || stat -f %z "$out")"
