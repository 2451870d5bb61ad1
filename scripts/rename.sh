#!/usr/bin/env bash
# Gives this tree the name of your chain: crates, programs, spec name, chain specifications, environment variables, metadata, documentation.
#
#   scripts/rename.sh NAME [--token SYMBOL] [--decimals N] [--prefix N]
#
#   NAME          one lower-case word of letters and digits, such as `tidemark`: it becomes tidemark-node, pallet-tidemark-storage,
#                 TIDEMARK_URL, Tidemark
#   --token       symbol of the native token, such as TIDE (NAME in capitals, when it is not given)
#   --decimals    decimals of the token, 12 to 18 (as they are, when not given)
#   --prefix      prefix of addresses, 0 to 16383 (as it is, when not given); https://github.com/paritytech/ss58-registry
#
# It changes the work tree that it lies in and commits nothing: look at `git diff`, then commit. It refuses a tree with changes that are not
# committed, puts everything back when it fails half-way, and does nothing when there is nothing to change.
#
# What keeps the old name: LICENSE and CHANGELOG.md, which tell where the tree comes from, NOTICE, which this script writes for the same
# reason, the domains of hashes (such as NAME/file/v1) and the interface of jobs: like the root of a file they are formats, which others share.
set -euo pipefail

fail() { printf 'rename: %s\n' "$@" >&2; exit 2; }
usage() { sed -n '2,15s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

# Everything is read before anything is done: this file is among those that change.
main() {
  local name='' token='' decimals='' prefix=''
  while [ $# -gt 0 ]; do
    case "$1" in
      -h | --help) usage; exit 0 ;;
      --token | --decimals | --prefix)
        [ $# -ge 2 ] || fail "$1 needs a value; $0 --help"
        printf -v "${1#--}" '%s' "$2"
        shift 2
        ;;
      -*) fail "unknown option '$1' (expected --token, --decimals, --prefix or --help)" ;;
      *)
        [ -z "$name" ] || fail "expected one name, found '$name' and '$1'"
        name=$1
        shift
        ;;
    esac
  done
  [ -n "$name" ] || { usage >&2; exit 2; }

  cd "$(dirname "${BASH_SOURCE[0]}")/.."
  local units=primitives/core/src/units.rs old old_token old_decimals old_prefix
  old=$(stated 's/^name = "\([a-z0-9]*\)-node"$/\1/p' node/Cargo.toml)
  old_token=$(stated 's/^pub const SYMBOL: .* = "\([A-Z0-9]*\)";$/\1/p' "$units")
  old_decimals=$(stated 's/^pub const DECIMALS: u8 = \([0-9]*\);$/\1/p' "$units")
  old_prefix=$(stated 's/^pub const SS58_PREFIX: u16 = \([0-9]*\);$/\1/p' "$units")
  decimals=${decimals:-$old_decimals}
  prefix=${prefix:-$old_prefix}
  if [ -z "$token" ]; then
    token=$old_token
    [ "$name" = "$old" ] || token=${name^^}
  fi
  check "$name" "$token" "$decimals" "$prefix"
  if [ "$name $token $decimals $prefix" = "$old $old_token $old_decimals $old_prefix" ]; then
    echo "rename: the chain is $name already, its token $token with $decimals decimals and the prefix $prefix: nothing to do"
    return
  fi

  local dirty
  dirty=$(git status --porcelain) || fail "this is no git checkout: run it in a clone, so that what it did can be seen and undone"
  [ -z "$dirty" ] || fail "the tree has changes that are not committed; commit or stash them first:" "$dirty"
  unused "$name" "$old" "$token" "$old_token"

  # The tree was clean, so that nothing of anybody's is lost by this.
  trap 'echo "rename: failed; everything is put back" >&2; git reset --quiet --hard; git clean --quiet -d --force' EXIT
  change "$old" "$name" "$old_token" "$token" "$old_decimals" "$decimals" "$old_prefix" "$prefix"
  trap - EXIT
  cat <<EOT
rename: $old is $name now, its token $token with $decimals decimals, its addresses have the prefix $prefix.
Look at it with \`git diff\`, then commit it and go on: \`make dev\`.
EOT
}

# The one line of a file that states something.
stated() { # $1 = sed expression that prints it, $2 = file
  local found
  found=$(sed -n "$1" "$2")
  [[ $found =~ ^[^[:space:]]+$ ]] || fail "expected one line in $2 that fits $1, found '$found'"
  printf '%s' "$found"
}

# Whether names and numbers can be used at all.
check() { # $1 = name, $2 = token, $3 = decimals, $4 = prefix
  [[ $1 =~ ^[a-z][a-z0-9]{1,19}$ ]] ||
    fail "expected a name of 2 to 20 lower-case letters and digits that begins with a letter, found '$1'" \
      "it becomes part of crate names, Rust identifiers and environment variables, so it is one word: mychain, not my-chain"
  [[ $2 =~ ^[A-Z][A-Z0-9]{1,19}$ ]] || fail "expected a token symbol of 2 to 20 capital letters and digits that begins with a letter, found '$2'"
  # Below 12 the price of a picosecond of execution is zero; above 18 amounts do not fit into what wallets of the EVM show.
  { [[ $3 =~ ^[0-9]{2}$ ]] && [ "$3" -ge 12 ] && [ "$3" -le 18 ]; } ||
    fail "expected 12 to 18 decimals, found '$3'" "with fewer the smallest prices round to zero"
  { [[ $4 =~ ^(0|[1-9][0-9]{0,4})$ ]] && [ "$4" -le 16383 ] && [ "$4" -ne 46 ] && [ "$4" -ne 47 ]; } ||
    fail "expected a prefix from 0 to 16383, and neither 46 nor 47, which are reserved; found '$4'"
}

# A word that the code has in another meaning would make two things one.
unused() { # $1 = name, $2 = old name, $3 = token, $4 = old token
  local found code=('*.rs' '*.toml' '*.mjs' '*.ts' '*.yml' '*.service')
  if [ "$1" != "$2" ]; then
    # Once more a chain's own name may be what the domains of hashes have.
    found=$( { git grep -Iin -e "$1" -- "${code[@]}" | grep -viE "$1((/[a-z]+)+/v|_job_|LM)[0-9]"; grep -n "^name = \".*$1" Cargo.lock; } | head -5 || true)
    [ -z "$found" ] || fail "the word '$1' is in the code already, choose one that is not:" "$found"
  fi
  if [ "$3" != "$4" ]; then
    found=$(git grep -In -w -e "$3" -- "${code[@]}" | head -5 || true)
    [ -z "$found" ] || fail "the word '$3' is in the code already, choose another symbol:" "$found"
  fi
}

change() { # old and new name, token, decimals, prefix
  local old=$1 name=$2 files path
  mapfile -d '' files < <(git ls-files -z -- . ':!LICENSE' ':!NOTICE' ':!CHANGELOG.md')
  perl scripts/rename/text.pl "$old" "$name" "$3" "$4" "${files[@]}"
  [ "$5" = "$6" ] || perl scripts/rename/numbers.pl decimals "$5" "$6" "${files[@]}"
  [ "$7" = "$8" ] || perl scripts/rename/numbers.pl prefix "$7" "$8" "${files[@]}"
  for path in "${files[@]}"; do
    if [ "$name" != "$old" ] && [[ $path == *"$old"* ]]; then
      mkdir -p "$(dirname "${path//"$old"/$name}")"
      git mv "$path" "${path//"$old"/$name}"
    fi
  done
  mapfile -d '' files < <(git ls-files -z -- 'Cargo.lock' '*/Cargo.lock')
  perl scripts/rename/lock.pl "${files[@]}"
  # Other names have other lengths and another order.
  mapfile -d '' files < <(git ls-files -z -- '*.rs')
  rustfmt --quiet --edition 2021 --config-path . "${files[@]}"
  if [ "$name" != "$old" ] && [ ! -e NOTICE ]; then
    printf '%s is made from %s, which is licensed under the Apache License, Version 2.0 (see LICENSE). Names were changed throughout.\n' \
      "${name^}" "${old^}" >NOTICE
  fi
}

main "$@"
exit
