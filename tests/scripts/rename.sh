#!/usr/bin/env bash
# Tests scripts/rename.sh on copies of this tree: what it renames, what it keeps, what it refuses. Needs git, perl, cargo and rustfmt; builds
# nothing, leaves nothing behind.
#
#   tests/scripts/rename.sh
set -euo pipefail
checkout=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

# The files of the work tree as they are, committed or not.
tree=$place/tree
mkdir "$tree"
(cd "$checkout" && git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
  if [ -f "$file" ]; then printf '%s\0' "$file"; fi
done | tar --create --null --files-from=-) | tar --extract --directory "$tree"
cd "$tree"
export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=test GIT_AUTHOR_EMAIL=test@example.org GIT_COMMITTER_NAME=test GIT_COMMITTER_EMAIL=test@example.org
git init --quiet
git add --all
git commit --quiet --message 'The tree as it is'

# The name of this tree, and one that it does not have: in two parts, so that this file does not have it either.
name=$(sed -n 's/^name = "\([a-z0-9]*\)-node"$/\1/p' node/Cargo.toml)
symbol=$(sed -n 's/^pub const SYMBOL: .* = "\(.*\)";$/\1/p' primitives/core/src/units.rs)
other=quokka"net"
coin=QU"O"
decimals=12
prefix=7

failures=0
that() { # $1 = what, then a command that must succeed
  local what=$1 said
  shift
  if said=$("$@" 2>&1); then
    printf 'ok      %s\n' "$what"
  else
    printf 'FAILED  %s\n%s\n' "$what" "$(head -40 <<<"$said")"
    failures=$((failures + 1))
  fi
}
refuses() { # $1 = what the error must contain, then arguments
  local expected=$1 said status=0
  shift
  said=$(scripts/rename.sh "$@" 2>&1) || status=$?
  if [ "$status" -ne 2 ] || ! grep -qF -- "$expected" <<<"$said"; then
    printf 'exit code %s, said: %s\n' "$status" "$said"
    return 1
  fi
  unchanged
}
unchanged() { local now; now=$(git status --porcelain); [ -z "$now" ] || { printf 'changed:\n%s\n' "$now"; return 1; }; }
none() { local found; found=$("$@" || true); [ -z "$found" ] || { printf '%s\n' "$found"; return 1; }; }
same() { [ "$1" = "$2" ] || { diff <(printf '%s\n' "$1") <(printf '%s\n' "$2"); return 1; }; }
versions() { awk '/^name = /{n=$3} /^version = /{v=$3} /^checksum = /{print n, v, $3}' Cargo.lock | sort; }

# --- What is refused, with nothing changed
that 'no name: the usage' refuses 'scripts/rename.sh NAME'
that 'two names' refuses "found 'one' and 'two'" one two
that 'an unknown option' refuses "unknown option '--colour'" "$other" --colour red
that 'an option without its value' refuses '--token needs a value' "$other" --token
for bad in Quokka my-chain my_chain 1chain q 'a b' 'x;id' ''; do
  that "the name '$bad'" refuses "$([ -n "$bad" ] && echo 'expected a name of 2 to 20' || echo 'scripts/rename.sh NAME')" "$bad"
done
for taken in storage node self sp quinn; do
  that "the name '$taken', which the code has in another meaning" refuses 'in the code already' "$taken"
done
that 'a token that is no symbol' refuses 'expected a token symbol' "$other" --token quo
that 'a token that the code has in another meaning' refuses 'choose another symbol' "$other" --token MILLI
that 'too few decimals' refuses 'expected 12 to 18 decimals' "$other" --decimals 6
that 'too many decimals' refuses 'expected 12 to 18 decimals' "$other" --decimals 24
that 'a reserved prefix' refuses 'expected a prefix' "$other" --prefix 46
that 'a prefix that is none' refuses 'expected a prefix' "$other" --prefix 16384
touch not-committed
said=$(scripts/rename.sh "$other" 2>&1 || true)
that 'a tree with changes, which are named' grep -q 'not-committed' <<<"$said"
rm not-committed
that 'nothing of this changed anything' unchanged

# --- A failure half-way
metadata=services/chain-client/metadata.scale
cp "$metadata" "$place/metadata"
printf 'meta\x63' >"$metadata"
git commit --quiet --all --message 'Metadata that nothing reads'
said=$(scripts/rename.sh "$other" 2>&1 || true)
that 'a failure half-way says what was expected' grep -q 'expected metadata of version 15' <<<"$said"
that 'and puts everything back' unchanged
git reset --quiet --hard HEAD~1

# --- The rename
before=$(versions)
stays=$(git grep -Ihoi "$name\(/[a-z]\+\)\+/v[0-9]" -- ':!CHANGELOG.md' | sort)
powers=$(git grep -h '10^-' -- docs/design)
that 'the rename' scripts/rename.sh "$other" --token "$coin" --decimals "$decimals" --prefix "$prefix"
# NOTICE is new.
git add --all
that 'the old name is left in hash domains, LICENSE, CHANGELOG.md and NOTICE only' \
  none git grep -Iin -P "$name(?!((/[a-z]+)+/v|_job_|LM)[0-9])" -- ':!LICENSE' ':!CHANGELOG.md' ':!NOTICE'
that 'and the old symbol' none git grep -nw "$symbol" -- ':!LICENSE' ':!CHANGELOG.md' ':!NOTICE'
that 'nor in a binary file or a path' none sh -c "grep -ciUl '$name' $metadata; git ls-files | grep -i '$name'"
that 'the domains of hashes are what they were' same "$stays" "$(git grep -Ihoi "$name\(/[a-z]\+\)\+/v[0-9]" -- ':!CHANGELOG.md' | sort)"
that 'NOTICE tells where the tree comes from' grep -qi "$name" NOTICE
that 'programs stay executable' test -x scripts/setup.sh -a -x scripts/rename.sh
that 'Cargo.lock needs no change' cargo metadata --locked --format-version 1
that 'every foreign package has the version that it had' same "$before" "$(versions)"
that 'the tree is formatted' cargo fmt --all --check
that 'the node is named' grep -q "^name = \"$other-node\"" node/Cargo.toml
that 'the spec name' grep -q "spec_name: Cow::Borrowed(\"$other\")" runtime/src/runtime_version.rs
that 'the symbol' grep -q "^pub const SYMBOL: &str = \"$coin\";" primitives/core/src/units.rs
that 'the decimals' grep -q "^pub const DECIMALS: u8 = $decimals;" primitives/core/src/units.rs
that 'amounts in prose' grep -q "10^-$decimals $coin" cli/README.md
that 'and no probability, which may be the same power of ten' same "$powers" "$(git grep -h '10^-' -- docs/design)"
that 'the command line has the same' grep -q "^const DECIMALS: usize = $decimals;" cli/src/amount.rs
that 'hardware wallets, too' grep -q "enable_metadata_hash(\"$coin\", $decimals)" runtime/build.rs
that 'the prefix' grep -q "^pub const SS58_PREFIX: u16 = $prefix;" primitives/core/src/units.rs
that 'environment variables' grep -rq "${other^^}_URL" cli/src/args
that 'the metadata names the new pallets' grep -qaU "pallet_${other}_storage" "$metadata"

# --- Again, and back
git commit --quiet --all --message "Become $other"
that 'the same again' scripts/rename.sh "$other" --token "$coin" --decimals "$decimals" --prefix "$prefix"
that 'changes nothing' unchanged
that 'the name alone keeps the rest' scripts/rename.sh "$other"
that 'and changes nothing' unchanged
that 'the way back' scripts/rename.sh "$name" --token "$symbol" --decimals 18 --prefix 42
git rm --quiet --force NOTICE
git add --all
that 'leads to where it began' git diff --cached --exit-code --stat HEAD~1

[ "$failures" -eq 0 ] || { printf '%d of the above failed\n' "$failures" >&2; exit 1; }
