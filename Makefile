# Everything a developer or a CI job calls. Each target says what it needs; `make setup` gets it.

# The lock file is the truth: a build never changes it.
CARGO_FLAGS := --workspace --locked
TARGET := $(or $(CARGO_TARGET_DIR),target)

help:  ## Lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup:  ## Fetches PostgreSQL 14-18 and Kafka for the tests; does nothing when they are there
	@tests/parts.sh

# With the tests' own dependencies from the start: left out here, they would change the features of shared ones, and
# `test` and `lint` would compile those again.
build: setup  ## Builds everything (dev profile)
	cargo build $(CARGO_FLAGS) --all-targets

fmt:  ## Formats the code
	cargo fmt --all

lint: build  ## Checks formatting and clippy; any warning fails
	cargo fmt --all --check
	cargo clippy $(CARGO_FLAGS) --all-targets -- -D warnings

test: build  ## Runs all tests, on real servers
	cargo test $(CARGO_FLAGS) --no-fail-fast

test-all: lint docs build  ## Lint, documents, and all tests with the slow ones
	rm -rf $(TARGET)/compat
	cargo test $(CARGO_FLAGS) --no-fail-fast -- --include-ignored

demo: setup  ## Shows outflow at work on servers of its own
	cargo build $(CARGO_FLAGS) --quiet
	$(TARGET)/debug/demo

bench: setup  ## Measures throughput and latency (release profile)
	cargo build --release $(CARGO_FLAGS)
	$(TARGET)/release/bench

# The C libraries below rdkafka are built too: with musl's wrapper of gcc, which finds musl's headers and no others.
STATIC := x86_64-unknown-linux-musl
static:  ## Builds the static binary that is shipped (musl, dist profile), and says where it is
	@command -v musl-gcc >/dev/null || { echo 'make static needs musl-gcc: apt-get install musl-tools' >&2; exit 1; }
	@command -v cmake >/dev/null || { echo 'make static needs cmake: apt-get install cmake' >&2; exit 1; }
	@command -v perl >/dev/null || { echo 'make static needs perl: apt-get install perl' >&2; exit 1; }
	@test -d "$$(rustc --print target-libdir --target $(STATIC))" || \
		{ echo 'make static needs the standard library for musl: rustup target add $(STATIC)' >&2; exit 1; }
	CC_$(subst -,_,$(STATIC))=musl-gcc CXX_$(subst -,_,$(STATIC))=g++ \
		cargo build --locked --profile dist --target $(STATIC) -p outflow
	@ls -l $(TARGET)/$(STATIC)/dist/outflow

# What it finds new goes to target/, beside the committed corpus. Rust's stable release has no sanitizers; none is
# needed where there is no unsafe code.
SECONDS ?= 60
fuzz:  ## Feeds mutated bytes to the decoder for SECONDS=60
	@cargo fuzz --version >/dev/null 2>&1 || { printf '%s\n' 'error: cargo-fuzz is not installed' '' \
		'hint: cargo install cargo-fuzz --locked' >&2; exit 1; }
	@mkdir -p target/fuzz/corpus
	cd crates/pgoutput && cargo fuzz run --sanitizer none --target-dir $(CURDIR)/target/fuzz message \
		$(CURDIR)/target/fuzz/corpus fuzz/corpus/message -- -max_total_time=$(SECONDS)

chaos: setup  ## Random faults under load, then the count (MINUTES=10 SEED=1)
	cargo build $(CARGO_FLAGS) --quiet
	MINUTES=$(or $(MINUTES),1) SEED=$(or $(SEED),1) $(TARGET)/debug/chaos

docs:  ## Builds the API documentation; any warning fails
	RUSTDOCFLAGS='-D warnings' cargo doc $(CARGO_FLAGS) --no-deps --document-private-items

compat:  ## Makes docs/compatibility.md of what `make test-all` has shown
	mkdir -p $(TARGET)/compat
	cargo run --quiet --locked -p outflow-tests --bin compat > $(TARGET)/compat/page.md
	mv $(TARGET)/compat/page.md docs/compatibility.md

clean:  ## Removes what was built; the fetched parts stay
	cargo clean

.PHONY: help setup build fmt lint test test-all demo bench chaos static docs compat clean
