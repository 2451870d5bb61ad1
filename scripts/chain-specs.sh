#!/usr/bin/env bash
# Writes chain-specs/*.json from the presets of the runtime as it is. Needs the built node (`make chain-specs` builds it).
#
#   scripts/chain-specs.sh            write them
#   scripts/chain-specs.sh --check    compare those that are kept in the repository with what would be written, write nothing
#
# Kept are the specification of four validators and the template of a public test network, both without the runtime's code. Beside them, for
# whoever starts a network here and now, each chain that the node knows is written in plain form and with its genesis state spelt out (`-raw`).
# The runtime's code is part of these: they are made, not kept.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
kept=(four-validators testnet-template)
node="${CARGO_TARGET_DIR:-$HOME/.cache/noema/target}/release/noema-node"
[ -x "$node" ] || { echo "chain-specs: $node does not exist; run make node" >&2; exit 1; }

write() { # $1 = folder
  local chain
  for chain in "${kept[@]}"; do
    "$node" export-chain-spec --chain "$chain" --without-code --output "$1/$chain.json"
  done
}

case "${1:-}" in
  '')
    write chain-specs
    for chain in dev local; do
      "$node" export-chain-spec --chain "$chain" --output "chain-specs/$chain.json"
    done
    for chain in dev local four-validators; do
      "$node" export-chain-spec --chain "$chain" --raw --output "chain-specs/$chain-raw.json"
    done
    ls -l chain-specs/*.json
    ;;
  --check)
    made=$(mktemp -d)
    trap 'rm -rf "$made"' EXIT
    write "$made" >/dev/null
    status=0
    for chain in "${kept[@]}"; do
      diff --unified --label "chain-specs/$chain.json" --label "the $chain of $node" "chain-specs/$chain.json" "$made/$chain.json" || status=1
    done
    [ "$status" -eq 0 ] || echo "chain-specs: files are not what the node writes; if that was meant to change, run make chain-specs and commit them" >&2
    exit "$status"
    ;;
  *)
    echo "chain-specs: expected --check or nothing, found '$1'" >&2
    exit 2
    ;;
esac
