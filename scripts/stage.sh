#!/usr/bin/env bash
# Runs one stage of a longer make target, and prints and records how long it took.
#
#   scripts/stage.sh "clippy" cargo clippy ...     run it
#   scripts/stage.sh --begin                       forget the times recorded so far
#   scripts/stage.sh --times                       print them
set -euo pipefail

record="${CARGO_TARGET_DIR:?is set by the Makefile}/stage-times"
case "${1:?a stage name, --begin or --times}" in
  --begin)
    mkdir -p "$(dirname "$record")"
    : >"$record"
    exit 0
    ;;
  --times)
    awk '{ seconds = $1; total += seconds; $1 = ""; printf "%6d s %s\n", seconds, $0 } END { printf "%6d s  in all\n", total }' "$record"
    exit 0
    ;;
esac

name=$1
shift
printf '\n==> %s\n' "$name"
start=$SECONDS
status=0
"$@" || status=$?
seconds=$((SECONDS - start))
mkdir -p "$(dirname "$record")"
printf '%d %s\n' "$seconds" "$name" >>"$record"
# To standard error and short: the last stage of `make test` is the test runner's, and its summary is the last thing that counts.
printf '<== %s: %d s%s\n' "$name" "$seconds" "$([ "$status" -eq 0 ] || printf ', FAILED (exit code %d)' "$status")" >&2
exit "$status"
