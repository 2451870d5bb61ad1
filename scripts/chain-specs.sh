#!/usr/bin/env bash
# Writes chain-specs/*.json from the presets of the runtime as it is. Needs the built node (`make chain-specs` builds it).
#
#   scripts/chain-specs.sh
#
# Each is written in plain form (presets, readable) and with its genesis state spelt out (`-raw`), which is what a network is started from. The
# runtime's code is part of both: write them again for a release, not for every commit; they are not kept in the repository.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
node="${CARGO_TARGET_DIR:-$HOME/.cache/noema/target}/release/noema-node"
[ -x "$node" ] || { echo "chain-specs: $node does not exist; run make build" >&2; exit 1; }
mkdir -p chain-specs
for chain in dev local; do
  "$node" export-chain-spec --chain "$chain" --output "chain-specs/$chain.json"
  "$node" export-chain-spec --chain "$chain" --raw --output "chain-specs/$chain-raw.json"
done
ls -l chain-specs/*.json
