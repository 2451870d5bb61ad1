#!/usr/bin/env bash
# Does what docs/build-a-chain.md says, as it is written there, on a copy of this tree: another name, a layer less, a pallet more, a client that is
# built from it, and a transaction of the new pallet in a final block. Leaves nothing behind.
#
#   scripts/try-build-a-chain.sh
#
# From the page it takes the blocks whose first line has `try` behind the language: `bash try` is run, `diff try` is applied, `LANGUAGE try PATH` is
# written to PATH; `bash try start` is the chain, which runs until the end, on free ports instead of the usual ones.
#
# The SDK is not compiled again: the copy has the same versions and features, and shares the build directory. What it puts there has its name, by
# which it is found and removed.
set -euo pipefail
checkout=$(realpath "$(dirname "${BASH_SOURCE[0]}")/..")
page=$checkout/docs/build-a-chain.md
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$HOME/.cache/noema/target}"
built=$CARGO_TARGET_DIR/release
# The name that the page gives.
name=$(sed -n 's,^scripts/rename\.sh \([a-z0-9]*\).*,\1,p' "$page")
[ -n "$name" ] || { echo "try: expected 'scripts/rename.sh NAME' in $page, found none" >&2; exit 1; }
here=$(sed -n 's/^name = "\([a-z0-9]*\)-node"$/\1/p' "$checkout/node/Cargo.toml")
[ "$name" != "$here" ] || { echo "try: this tree is $name already; remove this script, as the page says" >&2; exit 1; }

place=$(mktemp -d)
tree=$place/$name
log=$place/node.log
node=
forget() { [ ! -d "$built" ] || find "$built" -depth -name "*$name*" -exec rm -rf {} +; }
end() {
  local status=$?
  trap - EXIT
  stop || status=1
  rm -rf "$place"
  forget
  exit "$status"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# --- The copy: the files of the work tree as they are, committed or not
mkdir "$tree"
(cd "$checkout" && git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
  if [ -f "$file" ]; then printf '%s\0' "$file"; fi
done | tar --create --null --files-from=-) | tar --extract --directory "$tree"
cd "$tree"
export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=try GIT_AUTHOR_EMAIL=try@example.org GIT_COMMITTER_NAME=try GIT_COMMITTER_EMAIL=try@example.org
git init --quiet
git add --all
git commit --quiet --message 'The tree as it is'

# The WASM of the copy uses what that of this tree has compiled of the SDK.
forget
"$checkout/scripts/share-wasm.sh" "$here-runtime" "$name-runtime"

# --- The blocks, one file each: the first line is the block's, without the backquotes
mkdir "$place/blocks"
awk -v blocks="$place/blocks" '
  !open && /^```[a-z]+ try( |$)/ { open = 1; file = sprintf("%s/%03d", blocks, ++count); print substr($0, 4) > file; next }
  open && /^```$/                { open = 0; close(file); next }
  open                           { print > file }
' "$page"

# --- The chain
start() { # $1 = command
  # Ports of the system's choice; the client says which. The log is there before whoever follows it.
  : >"$log"
  eval "exec $1 --rpc-port 0 --port 0 --no-prometheus" >"$log" 2>&1 &
  node=$!
  local line
  # Ends with the client, should it end.
  while IFS= read -r line; do
    if [[ $line =~ JSON-RPC\ server:\ addr=(127\.0\.0\.1:[0-9]+) ]]; then
      address=${BASH_REMATCH[1]}
      echo "the client answers at $address"
      return
    fi
  done < <(tail --pid="$node" --follow --lines=+1 "$log")
  echo "try: the client ended before it answered:" >&2
  tail -20 "$log" >&2
  return 1
}
stop() {
  [ -n "$node" ] || return 0
  local pid=$node status=0
  node=
  kill -INT "$pid" 2>/dev/null || { echo "try: the client ended by itself:" >&2; tail -20 "$log" >&2; return 1; }
  wait "$pid" || status=$?
  [ "$status" -eq 0 ] || { echo "try: the client ended with $status:" >&2; tail -20 "$log" >&2; return 1; }
}

address=127.0.0.1:9944
for block in "$place/blocks"/*; do
  read -r language _ argument <"$block"
  text=$(tail -n +2 "$block")
  begun=$SECONDS
  case "$language:$argument" in
    bash:) printf '$ %s\n' "$text" && bash -euo pipefail -c "${text//127.0.0.1:9944/$address}" </dev/null ;;
    bash:start) printf '$ %s\n' "$text" && start "$text" ;;
    diff:) printf 'change %s\n' "$(sed -n 's,^+++ b/,,p' "$block" | paste -sd ' ')" && git apply <<<"$text" ;;
    bash:* | diff:* | *:) echo "try: a block of the page begins with what is not understood: '$(head -1 "$block")'" >&2; exit 1 ;;
    *) printf 'write %s\n' "$argument" && mkdir -p "$(dirname "$argument")" && printf '%s\n' "$text" >"$argument" ;;
  esac
  [ $((SECONDS - begun)) -lt 5 ] || printf '(%d s)\n' $((SECONDS - begun))
done
[ -n "$node" ] || { echo "try: expected a block 'bash try start' in $page, found none" >&2; exit 1; }
stop
echo "$name works as $page says"
