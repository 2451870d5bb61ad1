#!/usr/bin/env bash
# Builds the client of the release before this one, for the test that it follows an upgrade to the next runtime, and prints where it is.
#
#   scripts/previous-node.sh           build what is missing, print the path
#   scripts/previous-node.sh --path    print the path only
#
# The release is the newest tag v* below this commit; before there is one, the commit in tests/previous-release. It is built in a worktree and in a
# build directory of its own: cargo would take packages of the same name in two checkouts for one another. The first time it takes as long as
# any first build.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
target="${CARGO_TARGET_DIR:-$HOME/.cache/noema/target}-previous"
binary="$target/release/noema-node"

case "${1:-}" in
  --path) echo "$binary"; exit 0 ;;
  '') ;;
  *) echo "previous-node: unknown argument '$1' (expected --path or nothing)" >&2; exit 2 ;;
esac

commit=$(git describe --tags --abbrev=0 --match 'v*' HEAD^ 2>/dev/null || sed -n '/^[^#]/{p;q}' tests/previous-release)
commit=$(git rev-parse --verify --quiet "$commit^{commit}") || {
  echo "previous-node: the commit in tests/previous-release is not in this clone; a shallow one lacks it: git fetch --unshallow" >&2
  exit 1
}
if [ -x "$binary" ] && [ "$(cat "$target/commit" 2>/dev/null)" = "$commit" ]; then
  echo "$binary"
  exit 0
fi

source="$target/source"
mkdir -p "$target"
git worktree remove --force "$source" >/dev/null 2>&1 || rm -rf "$source"
git worktree prune
git worktree add --quiet --detach "$source" "$commit"
trap 'git worktree remove --force "$source" >/dev/null 2>&1 || true' EXIT
echo "previous-node: building the client of $(git log -1 --format='%h of %cs' "$commit")" >&2
(cd "$source" && env -u SKIP_WASM_BUILD -u RUSTC_WORKSPACE_WRAPPER CARGO_TARGET_DIR="$target" WASM_BUILD_WORKSPACE_HINT="$source" \
  cargo build --release --locked -p noema-node >&2)
echo "$commit" >"$target/commit"
echo "$binary"
