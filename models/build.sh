#!/usr/bin/env bash
# Makes the small language model from nothing but what is in this repository and in the pinned compiler: the weights by training, the job by
# compiling it. Both are the same to the last byte on every machine; the hashes in data/SHA256SUMS say so.
#
#   models/build.sh                 train, compile, and compare with the committed files' hashes
#   models/build.sh --job           only compile the job (seconds)
#   models/build.sh --write         write the files and their hashes instead of comparing
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
only_job=false write=false
fail() { printf 'models: %s\n' "$*" >&2; exit 1; }
for argument in "$@"; do
  case "$argument" in
    --job) only_job=true ;;
    --write) write=true ;;
    *) fail "unknown option '$argument'; options are --job and --write" ;;
  esac
done

# A directory of its own: vector instructions for training, and paths that are left out of the job, are options of everything compiled there.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$HOME/.cache/noema/target}/models"
export CARGO_INCREMENTAL=0
unset RUSTFLAGS RUSTC_WORKSPACE_WRAPPER
sysroot=$(rustc --print sysroot)
library="$sysroot/lib/rustlib/src/rust/library"
[ -d "$library/core" ] || fail "the compiler's sources are missing: rustup component add rust-src"
out=models/data
if ! $write; then out="$CARGO_TARGET_DIR/made"; fi
mkdir -p "$out"

# --- The job ---------------------------------------------------------------------------------------------------------------------

# No path of this machine, and nothing that could be shared out among threads otherwise next time.
export CARGO_TARGET_WASM32V1_NONE_RUSTFLAGS="-Ctarget-feature=+simd128 -Ccodegen-units=1 -Cstrip=symbols \
  --remap-path-prefix=$library=library --remap-path-prefix=$PWD=. --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo"
cargo build --quiet --locked --profile job -p noema-language-model-job --target wasm32v1-none
# The example of `sdk/job`, which is only compiled.
cargo build --quiet --locked --profile job -p noema-job --example words --target wasm32v1-none
cp "$CARGO_TARGET_DIR/wasm32v1-none/job/noema_language_model_job.wasm" "$out/noema-mini.wasm"

# --- The weights -----------------------------------------------------------------------------------------------------------------

if ! $only_job; then
  # Wider vectors where there are some: the same sums in the same order, so the same weights.
  flags=''
  if grep -qw avx2 /proc/cpuinfo 2>/dev/null; then flags='-Ctarget-feature=+avx2'; fi
  RUSTFLAGS="$flags" cargo run --quiet --locked --profile job -p noema-language-model --features train --bin train-language-model -- \
    "$out/noema-mini.weights" models/corpus/answers.txt models/corpus/documents.md "$library/core/src" "$library/alloc/src" "$library/std/src"
elif ! $write; then
  cp models/data/noema-mini.weights "$out/"
fi

# --- The same? -------------------------------------------------------------------------------------------------------------------

if $write; then
  (cd "$out" && sha256sum noema-mini.wasm noema-mini.weights >SHA256SUMS && cat SHA256SUMS)
else
  # With the files that programs are built with, and those with their hashes.
  for file in noema-mini.wasm noema-mini.weights; do
    cmp "$out/$file" "models/data/$file" || fail "the $file that was made is not the one in models/data: models/build.sh --write"
  done
  (cd models/data && sha256sum --check SHA256SUMS) || fail "the files in models/data are not those of SHA256SUMS: models/build.sh --write"
fi
