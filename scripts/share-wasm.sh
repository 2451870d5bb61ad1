#!/usr/bin/env bash
# Lets the WASM builds of other runtimes use what that of one runtime has compiled of the SDK. Without it the builder keeps a copy for each.
#
#   scripts/share-wasm.sh RUNTIME OTHER...        packages, such as noema-runtime noema-minimal-runtime-storage
#
# It only saves time and space: a runtime that was built on its own before keeps its own copy.
set -euo pipefail
[ $# -ge 2 ] || { echo "usage: $0 RUNTIME OTHER..." >&2; exit 2; }
builds=${CARGO_TARGET_DIR:-$HOME/.cache/noema/target}/release/wbuild
mkdir -p "$builds/$1/target"
for other in "${@:2}"; do
  mkdir -p "$builds/$other"
  [ -e "$builds/$other/target" ] || ln -s "../$1/target" "$builds/$other/target"
done
