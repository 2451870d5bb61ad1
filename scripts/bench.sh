#!/usr/bin/env bash
# Measures what docs/benchmarks.md says and writes the figures there, each section between its two marks. `make bench` builds first.
#
#   scripts/bench.sh                   all sections: the executables in benches/sections, in the order of their names
#   scripts/bench.sh transfer          some of them
#
# A section prints Markdown. A section that fails leaves the page as it is. The machine should have nothing else to do: the line above each
# section's figures says how busy it was.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
: "${CARGO_TARGET_DIR:?is set by the Makefile}" "${BENCH_PACKAGES:?is set by the Makefile}"
export NOEMA_BIN="$CARGO_TARGET_DIR/release"
page=docs/benchmarks.md

# write <section> <file>: puts the file between the section's marks, at the end of the page if it has none.
write() {
  local begin="<!-- figures: $1 -->" end="<!-- end of figures: $1 -->" new
  grep -qxF -- "$begin" "$page" || printf '\n## %s\n\n%s\n%s\n' "${1^}" "$begin" "$end" >>"$page"
  grep -qxF -- "$end" "$page" || { echo "$page has '$begin' without '$end'" >&2; return 1; }
  new=$(mktemp)
  awk -v begin="$begin" -v end="$end" -v figures="$2" '
    $0 == end { inside = 0 }
    !inside { print }
    $0 == begin { inside = 1; print ""; while ((getline line < figures) > 0) print line; print "" }
  ' "$page" >"$new"
  cat "$new" >"$page"
  rm "$new"
}

known=()
for script in benches/sections/*.sh; do
  name=$(basename "$script" .sh)
  known+=("${name#*-}")
done
for wanted in "$@"; do
  [[ " ${known[*]} " == *" $wanted "* ]] || { echo "there is no section '$wanted': expected ${known[*]}" >&2; exit 2; }
done

figures=$(mktemp)
trap 'rm -f "$figures"' EXIT
for script in benches/sections/*.sh; do
  name=$(basename "$script" .sh)
  name=${name#*-}
  [[ $# -eq 0 || " $* " == *" $name "* ]] || continue
  echo "bench: $name" >&2
  { "$NOEMA_BIN/noema-bench" machine && echo && "$script"; } >"$figures"
  write "$name" "$figures"
  cat "$figures"
done
