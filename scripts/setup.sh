#!/usr/bin/env bash
# Makes this machine ready to build, run and test Noema. Safe to run again: with everything in place it changes nothing and takes a second.
#
#   scripts/setup.sh            what `make dev` needs: toolchain, wasm target, a C compiler, make, OpenSSL, perl, protoc
#   scripts/setup.sh --tests    the same, and what `make test` needs: rustfmt, clippy, cargo-nextest, cargo-deny, Node.js with npm, Chromium
#   scripts/setup.sh --check    only report what is missing (exit 1 if anything is); with --tests for the tests
set -euo pipefail

NEXTEST_VERSION=0.9.143
DENY_VERSION=0.20.2
NODE_MAJOR=20

check_only=false
for_tests=false
for argument in "$@"; do
  case "$argument" in
    --check) check_only=true ;;
    --tests) for_tests=true ;;
    -h | --help) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "setup: unknown argument '$argument' (expected --check, --tests or --help)" >&2; exit 2 ;;
  esac
done

cd "$(dirname "${BASH_SOURCE[0]}")/.."
toolchain=$(sed -n 's/^channel *= *"\(.*\)"/\1/p' rust-toolchain.toml)
missing=()

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { say "$1"; shift; for line in "$@"; do printf '       %s\n' "$line" >&2; done; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# --- Rust ------------------------------------------------------------------------------------------------------------------------

rust() {
  if ! have rustup; then
    have cargo || fail "cargo was not found" "install rustup from https://rustup.rs, open a new shell and run this again"
    # A Rust that did not come by rustup (a distribution's, Nix) is fine when it is the right one and has the wasm target.
    local found sysroot
    found=$(rustc --version | cut -d' ' -f2)
    [ "$found" = "$toolchain" ] || fail "expected Rust $toolchain, found $found and no rustup to install it with" "install rustup from https://rustup.rs"
    sysroot=$(rustc --print sysroot)
    [ -d "$sysroot/lib/rustlib/wasm32v1-none" ] || fail "this Rust has no wasm32v1-none target and there is no rustup to add it" "install rustup from https://rustup.rs"
    return
  fi
  if ! rustup toolchain list | grep -q "^$toolchain-"; then
    if $check_only; then missing+=("Rust $toolchain"); return; fi
    say "installing Rust $toolchain"
    rustup toolchain install "$toolchain" --profile minimal ||
      fail "Rust $toolchain could not be installed" "run 'rustup toolchain install $toolchain' with access to static.rust-lang.org"
  fi
  if ! rustup target list --installed --toolchain "$toolchain" | grep -qx wasm32v1-none; then
    if $check_only; then missing+=("Rust target wasm32v1-none"); else
      say "adding the wasm32v1-none target (the runtime is compiled to it)"
      rustup target add wasm32v1-none --toolchain "$toolchain" || fail "the wasm32v1-none target could not be added to Rust $toolchain"
    fi
  fi
  local component components=(rust-src)
  if $for_tests; then components+=(rustfmt clippy); fi
  local installed
  installed=$(rustup component list --installed --toolchain "$toolchain")
  for component in "${components[@]}"; do
    grep -q "^$component\(-\|$\)" <<<"$installed" && continue
    if $check_only; then missing+=("Rust component $component"); continue; fi
    say "adding the $component component"
    rustup component add "$component" --toolchain "$toolchain" || fail "the component $component could not be added to Rust $toolchain"
  done
}

# --- System packages -------------------------------------------------------------------------------------------------------------

# What is needed, by the command that shows it is there:
#   git               the node's version string, and reading which files belong to the runtime
#   cc                secp256k1, zstd, jemalloc (C; only the feature `rocksdb` needs C++)
#   make              jemalloc's own build
#   openssl           the system's OpenSSL with its headers, found by pkg-config (WebRTC in litep2p)
#   perl              the edits of docs/build-a-chain.md
#   protoc            the network protocols' message definitions
#   node, npm         for the tests: other people's clients (tests/judges), the JavaScript library (sdk/js)
#   chromium          for the tests: the JavaScript library in a browser
package_for() { # $1 = package manager, $2 = command; prints the package's name there
  case "$1:$2" in
    apt-get:cc) echo build-essential ;;
    brew:cc) echo llvm ;;
    *:cc) echo gcc ;;
    *:node) echo nodejs ;;
    apt-get:openssl) echo pkg-config libssl-dev ;;
    dnf:openssl) echo pkgconf-pkg-config openssl-devel ;;
    zypper:openssl) echo pkg-config libopenssl-devel ;;
    *:openssl) echo pkgconf openssl ;;
    apt-get:protoc | dnf:protoc) echo protobuf-compiler ;;
    zypper:protoc) echo protobuf-devel ;;
    *:protoc) echo protobuf ;;
    *) echo "$2" ;;
  esac
}

present() {
  case "$1" in
    # With OPENSSL_NO_VENDOR=0 it is built from source.
    openssl) [ "${OPENSSL_NO_VENDOR:-1}" = 0 ] || { have pkg-config && pkg-config --exists 'openssl >= 1.1.1'; } ;;
    protoc) [ -x "${PROTOC:-}" ] || have protoc ;;
    node) [ "$(node --version 2>/dev/null | sed -n 's/^v\([0-9]*\).*/\1/p')" -ge "$NODE_MAJOR" ] 2>/dev/null ;;
    # By any of the names that the tests look for.
    chromium) [ -x "${CHROMIUM:-}" ] || have chromium || have chromium-browser || have google-chrome ;;
    *) have "$1" ;;
  esac
}

system_packages() {
  local command wanted=() needed=(git cc make openssl perl protoc)
  if $for_tests; then needed+=(node npm chromium); fi
  for command in "${needed[@]}"; do
    present "$command" || wanted+=("$command")
  done
  [ ${#wanted[@]} -gt 0 ] || return 0
  if $check_only; then missing+=("${wanted[@]}"); return; fi

  local manager='' candidate
  for candidate in apt-get dnf pacman zypper brew; do
    if have "$candidate"; then manager=$candidate; break; fi
  done
  [ -n "$manager" ] || fail "missing: ${wanted[*]}" "no apt-get, dnf, pacman, zypper or brew was found to install them with: install them by hand and run this again"

  local packages=() more=() seen=' '
  for command in "${wanted[@]}"; do
    candidate=$(package_for "$manager" "$command")
    # Some are two packages.
    case "$seen" in *" $candidate "*) ;; *) read -ra more <<<"$candidate"; packages+=("${more[@]}"); seen+="$candidate " ;; esac
  done

  local as_root=()
  if [ "$manager" != brew ] && [ "$(id -u)" -ne 0 ]; then
    have sudo || fail "missing: ${wanted[*]}" "neither root nor sudo here; as root, install: ${packages[*]}"
    as_root=(sudo)
  fi
  say "installing ${packages[*]} with $manager"
  case "$manager" in
    apt-get)
      ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get update -qq &&
        ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
      ;;
    dnf) ${as_root[@]+"${as_root[@]}"} dnf install -y -q "${packages[@]}" ;;
    pacman) ${as_root[@]+"${as_root[@]}"} pacman -S --noconfirm --needed "${packages[@]}" ;;
    zypper) ${as_root[@]+"${as_root[@]}"} zypper --non-interactive install "${packages[@]}" ;;
    brew) brew install "${packages[@]}" ;;
  esac || fail "$manager could not install: ${packages[*]}" "install them by hand and run this again"

  local still=()
  for command in "${wanted[@]}"; do present "$command" || still+=("$command"); done
  [ ${#still[@]} -eq 0 ] || fail "$manager installed ${packages[*]}, but these commands are still missing: ${still[*]}" "are they in PATH? (node must be $NODE_MAJOR or later: https://nodejs.org/en/download)"
}

# --- Test tools ------------------------------------------------------------------------------------------------------------------

# Compared by exact version for cargo-deny, whose configuration format moves; any nextest that knows our configuration will do.
deny_present() { have cargo-deny && [ "$(cargo-deny --version 2>/dev/null)" = "cargo-deny $DENY_VERSION" ]; }
nextest_present() { have cargo-nextest; }

# Built without link-time optimisation, which doubles the wait and gains nothing for a tool that runs for seconds.
install_tool() { # $1 = crate, $2 = version
  say "building $1 $2 (a few minutes, once)"
  env -u CARGO_TARGET_DIR CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_OPT_LEVEL=1 \
    cargo install --locked --quiet --force "$1" --version "$2" </dev/null ||
    fail "$1 $2 could not be built from the registry" "run: cargo install --locked $1 --version $2"
}

test_tools() {
  nextest_present || if $check_only; then missing+=("cargo-nextest"); else install_tool cargo-nextest "$NEXTEST_VERSION"; fi
  deny_present || if $check_only; then missing+=("cargo-deny $DENY_VERSION"); else install_tool cargo-deny "$DENY_VERSION"; fi
}

# A cargo from rustup may be installed without being in PATH (a bare shell, a container's first step).
if ! have cargo && [ -x "$HOME/.cargo/bin/cargo" ]; then PATH="$HOME/.cargo/bin:$PATH"; fi

system_packages
rust
if $for_tests; then test_tools; fi

if [ ${#missing[@]} -gt 0 ]; then
  say "missing:"
  printf '  %s\n' "${missing[@]}" >&2
  say "run scripts/setup.sh$(if $for_tests; then echo ' --tests'; fi) to install them"
  exit 1
fi
say "ready"
