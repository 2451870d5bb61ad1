#!/usr/bin/env bash
# RUSTC_WRAPPER of scripts/fuzz.sh: gives libFuzzer's instrumentation to the crates whose branches the fuzzer should see. That is what
# lies in this repository, and the parsers that outside bytes pass through first. Hashing, curves, databases and the HTTP stack's
# machinery stay as they are: counting their branches would slow every run down and show nothing of ours.
set -euo pipefail

rustc=$1
shift

crate='' target=false
previous=''
for argument in "$@"; do
  case "$previous" in
    --crate-name) crate=$argument ;;
    --target) target=true ;;
  esac
  case "$argument" in --target=*) target=true ;; esac
  previous=$argument
done

instrument=false
# Build scripts and macros run on the host, without --target.
if $target; then
  case "${CARGO_MANIFEST_DIR:-}" in "${NOEMA_FUZZ_ROOT:?is set by scripts/fuzz.sh}"/*) instrument=true ;; esac
  case "$crate" in base64 | hex | httparse | scale_decode | scale_value | serde_json | toml | toml_edit | toml_parser | url | winnow) instrument=true ;; esac
fi
$instrument || exec "$rustc" "$@"

# These are stable options of rustc; the pass is LLVM's own. No nightly compiler is needed.
exec "$rustc" "$@" --cfg fuzzing \
  -Cpasses=sancov-module \
  -Cllvm-args=-sanitizer-coverage-level=4 \
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
  -Cllvm-args=-sanitizer-coverage-pc-table \
  -Cllvm-args=-sanitizer-coverage-trace-compares
