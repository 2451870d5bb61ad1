#!/usr/bin/env bash
# Runs the fuzz targets of fuzz/, each for a bounded number of inputs, and stops at the first that fails. The same compiler as everything
# else, no nightly; the same seed, first inputs and addresses each time, so that two runs of one build try the same inputs.
#
#   scripts/fuzz.sh                          every target for 10,000 inputs
#   scripts/fuzz.sh --runs 1000000 frame     one target, for longer
#   scripts/fuzz.sh --seed 7                 other inputs
#   scripts/fuzz.sh --keep DIRECTORY         go on from the inputs found there, and add what is found
#   scripts/fuzz.sh --build                  only build them
#   scripts/fuzz.sh --list                   say which there are
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
runs=10000 seed=1 keep='' only_build=false only_list=false
wanted=()
usage() { sed -n '5,10s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }
fail() { printf 'fuzz: %s\n' "$*" >&2; exit 2; }
# Tenths of a second.
now() { perl -MTime::HiRes=time -e 'printf "%d", time * 10'; }
number() { [[ ${2:-} =~ ^[0-9]+$ ]] || fail "$1 takes a number, found '${2:-}'"; }
while [ $# -gt 0 ]; do
  case "$1" in
    --runs) number "$@"; runs=$2; shift 2 ;;
    --seed) number "$@"; seed=$2; shift 2 ;;
    --keep) keep=${2:?--keep takes a directory}; shift 2 ;;
    --build) only_build=true; shift ;;
    --list) only_list=true; shift ;;
    -h | --help) usage; exit 0 ;;
    -*) fail "unknown option '$1'; --help says what there is" ;;
    *) wanted+=("$1"); shift ;;
  esac
done

all=()
for file in fuzz/fuzz_targets/*.rs; do all+=("$(basename "$file" .rs)"); done
if $only_list; then printf '%s\n' "${all[@]}"; exit 0; fi
if [ ${#wanted[@]} -eq 0 ]; then wanted=("${all[@]}"); fi
for target in "${wanted[@]}"; do
  [ -f "fuzz/fuzz_targets/$target.rs" ] || fail "there is no target '$target'; --list says which there are"
done

# --- Build -----------------------------------------------------------------------------------------------------------------------

# Beside the other builds: everything here is compiled with other options.
target_dir="${CARGO_TARGET_DIR:-$HOME/.cache/noema/target}/fuzz"
host=$(rustc -vV | sed -n 's/^host: //p')
bins=()
for target in "${wanted[@]}"; do bins+=(--bin "$target"); done
# Naming the target keeps build scripts and macros apart from what is instrumented.
env -u RUSTFLAGS -u RUSTC_WORKSPACE_WRAPPER NOEMA_FUZZ_ROOT="$root" RUSTC_WRAPPER="$root/scripts/fuzz-rustc.sh" CARGO_TARGET_DIR="$target_dir" \
  cargo build --quiet --locked --release --manifest-path fuzz/Cargo.toml --target "$host" "${bins[@]}" ||
  fail "the targets do not build. When a dependency was added: cargo update --workspace --manifest-path fuzz/Cargo.toml"
if $only_build; then exit 0; fi

# --- Run -------------------------------------------------------------------------------------------------------------------------

# In memory where there is such a place: some targets read files, and a disk would be what is measured.
if [ -w /dev/shm ]; then work=$(mktemp -d -p /dev/shm); else work=$(mktemp -d); fi
trap 'rm -rf "$work"' EXIT
bash fuzz/seeds.sh "$work/seeds"
artifacts="$target_dir/artifacts"
mkdir -p "$artifacts"

# The fuzzer learns from the operands of comparisons, pointers among them: where memory lies differs between runs unless this is allowed.
fixed=()
if setarch --addr-no-randomize true 2>/dev/null; then fixed=(setarch --addr-no-randomize); else
  printf 'fuzz: addresses cannot be fixed here (setarch), so that runs will differ in their later inputs\n' >&2
fi

printf '%-18s %10s %8s %9s %9s\n' target inputs seconds 'inputs/s' branches
for target in "${wanted[@]}"; do
  # What is found is kept apart, so that the next run begins as this one did; the seeds come in the order of their names.
  found="${keep:-$work/found}/$target"
  mkdir -p "$found" "$work/tmp"
  options=(-runs="$runs" -seed="$seed" -timeout=60 -rss_limit_mb=4096 -artifact_prefix="$artifacts/$target-" -print_final_stats=1)
  seeds=$(printf '%s,' "$work/seeds/$target"/*)
  options+=(-seed_inputs="${seeds%,}")
  if [ -f "fuzz/dictionaries/$target.dict" ]; then options+=(-dict="fuzz/dictionaries/$target.dict"); fi
  log="$work/$target.log"
  begun=$(now)
  if ! TMPDIR="$work/tmp" ${fixed[@]+"${fixed[@]}"} "$target_dir/$host/release/$target" "${options[@]}" "$found" >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    input=$(sed -n 's/^.*Test unit written to //p' "$log" | tail -n 1)
    printf 'fuzz: %s FAILED. To see it again:\n' "$target" >&2
    if [ -n "$input" ]; then
      printf '  %s %s\n' "$target_dir/$host/release/$target" "$input" >&2
    else
      printf '  scripts/fuzz.sh --runs %s --seed %s %s\n' "$runs" "$seed" "$target" >&2
    fi
    exit 1
  fi
  executed=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  [ "${executed:-0}" -ge "$runs" ] || { tail -n 40 "$log" >&2; fail "$target ran ${executed:-no} inputs instead of $runs"; }
  branches=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
  tenths=$(($(now) - begun))
  printf '%-18s %10d %6d.%d %9d %9s\n' "$target" "$executed" $((tenths / 10)) $((tenths % 10)) $((10 * executed / (tenths > 0 ? tenths : 1))) "${branches:--}"
done
