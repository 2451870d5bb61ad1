# What a person types. Every target says what it does with `make help`; everything is built with --locked.
#
#   make dev                       set up, build, and run a development network (`make dev ARGS="--tmp --providers 5"`)
#   make test                      prove everything, scaled for CI
#   make prove                     the full-size claims, each with its figure

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# One build directory outside the checkout: it survives `git clean` and is shared by several checkouts.
export CARGO_TARGET_DIR ?= $(HOME)/.cache/noema/target
# The WASM builder looks for Cargo.lock above the build directory; without this it would resolve the runtime's dependencies anew.
export WASM_BUILD_WORKSPACE_HINT := $(CURDIR)
# rustup's cargo may not be in PATH yet in a bare shell.
export PATH := $(PATH):$(HOME)/.cargo/bin
export CARGO_TERM_COLOR ?= auto

STAGE := scripts/stage.sh
BIN := $(CARGO_TARGET_DIR)/release

# Cargo unifies the features of the packages that one command selects. Every release command selects these, so that one set of dependencies
# is compiled once, whatever is then built or tested of it.
# The stock template, a peer of the benchmarks, is among them for its features alone, unless all binaries are built.
SHIPPED := -p noema-node -p noema-cli -p noema-storage -p noema-compute -p noema-da -p noema-example-rollup -p noema-tests -p noema-next-runtime -p stock-template-node
RELEASE := --release --locked $(SHIPPED)
# Building a test harness activates development dependencies, whose features count as well: binaries and harness come from one command.
HARNESS := --bins --lib --test e2e --test minimal-runtimes
# Inputs for each fuzz target: in `make test`, and where the full-size claims are proven.
RUNS_TEST := 20000
RUNS_PROVE := 1000000
# Debug builds check overflows and assertions; they never need the runtime's WASM.
# The node's own tests run with the release build, or all of the client would be compiled twice.
# So do the benchmarks' peer, which has no tests, and the benchmark that executes the runtime as the client does.
UNIT := --locked --workspace --exclude noema-node --exclude noema-bench-answers $(addprefix --exclude stock-template-,node runtime runtime-lifted) --features noema-runtime/try-state
PLAIN := env -u SKIP_WASM_BUILD
NO_WASM := env SKIP_WASM_BUILD=1
# The compilations whose results are tested check the lints as well: with the lint driver in the compiler's place for the packages of the
# workspace, the SDK is not compiled a third time only to be checked against (12 minutes on 2 cores). This is what `cargo clippy` does around
# `cargo check`.
LINTED := RUSTC_WORKSPACE_WRAPPER=clippy-driver CLIPPY_ARGS=-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__
# The stock template runs in benchmarks only. They are built with the lints too: what is compiled for the tests is what they measure.
LINTING := $(LINTED) SKIP_STOCK_TEMPLATE_RUNTIME_WASM_BUILD=1 SKIP_STOCK_TEMPLATE_RUNTIME_LIFTED_WASM_BUILD=1
# The other runtimes' WASM is made of the same SDK as the runtime's.
SHARE_WASM := scripts/share-wasm.sh noema-runtime noema-runtime-next noema-runtime-later noema-runtime-later-checked noema-minimal-runtime-storage noema-minimal-runtime-providers

.PHONY: help
help: ## Say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{ printf "make %-14s %s\n", $$1, $$2 }'

.PHONY: setup
setup: ## Install what a build needs
	@scripts/setup.sh

.PHONY: setup-tests
setup-tests: ## Install what the tests need as well
	@scripts/setup.sh --tests

.PHONY: build
build: setup ## Build the node, the daemons of storage, availability and compute, and the command line
	@$(SHARE_WASM)
	@$(STAGE) "build the binaries" $(PLAIN) cargo build $(RELEASE) --bin noema-node --bin noema --bin noema-storage --bin noema-compute --bin noema-da

.PHONY: node
node: setup ## Build the node alone
	@$(SHARE_WASM)
	@$(STAGE) "build the node" $(PLAIN) cargo build $(RELEASE) --bin noema-node

.PHONY: dev
dev: build ## Build everything and run a chain with three storage providers, four seats of data availability and a compute market (ARGS="--tmp", --help for more)
	@exec $(BIN)/noema up --compute --da $(ARGS)

.PHONY: fmt
fmt: ## Format everything
	@cargo fmt --all
	@cargo fmt --manifest-path fuzz/Cargo.toml
	@cargo fmt --manifest-path zombienet/Cargo.toml

.PHONY: lint
lint: setup-tests sources ## Check format, dependencies, licences, sources and lints without building anything else
	@$(STAGE) "clippy" $(NO_WASM) cargo clippy --locked --workspace --all-targets -- -D warnings

.PHONY: sources
sources: setup-tests
	@$(STAGE) "format" cargo fmt --all --check
	@$(STAGE) "format of the fuzz targets" cargo fmt --manifest-path fuzz/Cargo.toml --check
	@$(STAGE) "format of the zombienet tests" cargo fmt --manifest-path zombienet/Cargo.toml --check
	@$(STAGE) "dependencies, licences, sources" cargo deny --locked --log-level error check --hide-inclusion-graph --show-stats bans licenses sources

.PHONY: unit
unit: setup-tests ## Run the unit, property and documentation tests, and check the lints of all but the node
	@$(STAGE) "unit and property tests" $(NO_WASM) $(LINTING) cargo nextest run --no-fail-fast $(UNIT) -E 'not binary(e2e)'
	@$(STAGE) "lints of the benchmarks" $(NO_WASM) $(LINTING) cargo build $(UNIT) --bench commitment
	@$(STAGE) "documentation tests" $(NO_WASM) $(LINTING) cargo test --quiet --doc $(UNIT)

.PHONY: e2e
e2e: setup-tests ## Run the node's own tests and those over the real binaries (E2E="-E 'test(journey)'" for some of them)
	@$(SHARE_WASM)
	@$(STAGE) "release binaries, next runtime and examples" $(PLAIN) $(LINTING) cargo build $(RELEASE) $(HARNESS)
	@$(STAGE) "tests over the binaries" $(PLAIN) $(LINTING) cargo nextest run $(RELEASE) --bin noema-node --test e2e --test minimal-runtimes --no-fail-fast $(E2E)

.PHONY: scripts
scripts: setup-tests ## Test the scripts that build nothing: renaming the tree
	@$(STAGE) "renaming the tree" tests/scripts/rename.sh

.PHONY: builder
builder: setup-tests ## Build a chain of another name as docs/build-a-chain.md says, run it, throw it away
	@$(STAGE) "build a chain as the page says" scripts/try-build-a-chain.sh

.PHONY: model
model: setup ## Train the small language model again, compile its job, and compare both with the committed files
	@$(STAGE) "the language model and its job" models/build.sh

.PHONY: model-job
model-job: setup ## Compile the language model's job and compare it with the committed file
	@$(STAGE) "the language model's job" models/build.sh --job

.PHONY: fuzz
fuzz: setup ## Run the fuzz targets (RUNS=100000 inputs each, FUZZ="--seed 7 frame" for other inputs or some of them)
	@$(STAGE) "fuzz targets" scripts/fuzz.sh --runs $(or $(RUNS),$(RUNS_TEST)) $(FUZZ)

.PHONY: test
test: setup-tests ## Prove everything, scaled for CI
	@$(STAGE) --begin
	@$(MAKE) sources
	@$(MAKE) scripts
	@$(MAKE) model-job
	@$(MAKE) unit
	@$(MAKE) fuzz
	@$(SHARE_WASM)
	@$(STAGE) "release binaries, next runtime and examples" $(PLAIN) $(LINTING) cargo build $(RELEASE) $(HARNESS)
	@$(MAKE) builder
	@$(STAGE) --times
	@$(MAKE) e2e

# Every network of the tests starts from the same few runtimes: they are compiled once.
export NOEMA_WASM_CACHE ?= $(CARGO_TARGET_DIR)/wasm-cache

# Those that have a size of their own there.
PROVE ?= -E 'test(/^(before_sync|crash|deaths|honest|journey|lost_tenth|transport|trouble|upgrade_referendum)::/)'
# Tests that are left out elsewhere (`.config/nextest.toml`): the largest blob, a million inputs of each kind that the runtime decodes. In debug builds, which check
# overflows; of all that `make unit` compiles, so that nothing is compiled a second time.
PROVE_UNIT := test(/(^|::)full_size_/)
# Upgrades are followed by the previous release's client, and the state after them is checked by the runtime's own invariants.
PROVING := --features noema-next-runtime/try-runtime
.PHONY: prove
prove: setup-tests ## The full-size claims: 1 GiB within 256 MiB of memory, 200 kills, half the speed among 500 attackers, an upgrade under the previous release's clients, three of six providers dead, a tenth of the data lost, 200 rounds of audits, 1,000,000 inputs for each fuzz target and for what the runtime decodes, a blob of 128 MiB; each prints its figure
	@$(SHARE_WASM)
	@$(MAKE) previous-node
	@$(STAGE) "release binaries, next runtime and examples" $(PLAIN) $(LINTING) cargo build $(RELEASE) $(PROVING) $(HARNESS)
	@$(STAGE) "the full-size claims" $(PLAIN) $(LINTING) NOEMA_PROVE=1 NOEMA_PREVIOUS_NODE="$$(scripts/previous-node.sh --path)" \
	  cargo nextest run $(RELEASE) $(PROVING) --test e2e --profile prove --no-fail-fast $(PROVE)
	@$(STAGE) "the full-size claims of the unit tests" $(NO_WASM) $(LINTING) cargo nextest run $(UNIT) --profile prove --no-fail-fast -E '$(PROVE_UNIT)'
	@$(MAKE) fuzz RUNS=$(RUNS_PROVE)
	@$(MAKE) model

.PHONY: previous-node
previous-node: setup ## Build the client of the release before this one, for `make prove`
	@$(STAGE) "the previous release's client" scripts/previous-node.sh

.PHONY: next-runtime
next-runtime: setup ## Build this runtime with a higher version, one changed constant and one new call (OUT=next-runtime.wasm)
	@scripts/build-next-runtime.sh $(or $(OUT),next-runtime.wasm)

# Zombienet's SDK is a workspace and a build of its own, about ten minutes the first time: no part of `make test`.
ZOMBIENET_DIR := $(CARGO_TARGET_DIR)-zombienet
NEXT_RUNTIME := $(abspath $(BIN))/wbuild/noema-runtime-next/noema-runtime-next.rs.compact.compressed.wasm
.PHONY: zombienet
zombienet: setup-tests ## Test networks that zombienet runs, an upgrade among them (ZOMBIENET="-E 'test(upgrade)'" for some of it)
	@$(STAGE) "dependencies, licences, sources of the zombienet tests" cargo deny --manifest-path zombienet/Cargo.toml --locked --log-level error check --hide-inclusion-graph --show-stats bans licenses sources
	@$(SHARE_WASM)
	@$(STAGE) "release binaries, next runtime and examples" $(PLAIN) $(LINTING) cargo build $(RELEASE) $(HARNESS)
	@$(STAGE) "tests over zombienet's networks" env $(LINTING) CARGO_TARGET_DIR=$(ZOMBIENET_DIR) NOEMA_BIN_DIR=$(abspath $(BIN)) NOEMA_NEXT_RUNTIME=$(NEXT_RUNTIME) \
	  cargo nextest run --manifest-path zombienet/Cargo.toml --locked $(ZOMBIENET)

.PHONY: bench-weights
bench-weights: setup ## Measure every call, hook and extension, blocks and transactions, and write the runtime's weights (BENCH="--steps 50 --repeat 20")
	@$(STAGE) "weights" scripts/bench-weights.sh $(BENCH)

.PHONY: bench-database
bench-database: setup ## Measure what an access to the database costs and write it to the runtime's weights (ACCOUNTS=1000000)
	@$(STAGE) "release binaries" $(PLAIN) $(LINTED) cargo build --release --locked $(BENCHES) --bin noema-node --bin noema-bench
	@$(STAGE) "database" scripts/bench-database.sh

# Criterion's own dependencies change no feature of the shipped ones, so that nothing is compiled a second time.
BENCHES := $(SHIPPED) -p noema-benches -p noema-bench-answers
.PHONY: bench
bench: setup-tests ## Measure what docs/benchmarks.md says and write it there (SECTIONS="commitment transfer throughput finality answers replicas many memory compute da")
	@$(SHARE_WASM) stock-template-runtime stock-template-runtime-lifted
	@$(STAGE) "release binaries" $(PLAIN) $(LINTED) cargo build --release --locked $(BENCHES) --bins
	@$(STAGE) "benchmarks" env $(LINTED) BENCH_PACKAGES="$(BENCHES)" scripts/bench.sh $(SECTIONS)

.PHONY: metadata
metadata: setup-tests ## Write the committed metadata and its hash from the runtime as it is
	@$(STAGE) "metadata" $(NO_WASM) env UPDATE_METADATA=1 cargo nextest run $(UNIT) --test metadata

.PHONY: who-may-call
who-may-call: setup ## Write docs/who-may-call.md from the runtime as it is
	@$(STAGE) "who may call what" $(NO_WASM) env UPDATE_DOCS=1 cargo nextest run $(UNIT) --test who_may_call

.PHONY: chain-specs
chain-specs: node ## Write chain-specs/*.json from the runtime as it is
	@$(STAGE) "chain specs" scripts/chain-specs.sh

.PHONY: clean-net
clean-net: ## Remove the development network's data (./data)
	@rm -rf data
