# What a developer and CI run. Every target sets up what it needs, keeps it in ignored folders
# (.venv, .cache, target, node_modules), and is quick the second time.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory

PYTHON ?= python3
JOBS ?= $(shell n=$$(nproc 2>/dev/null || echo 2); echo $$((n > 4 ? 4 : n)))
VENV := .venv
BIN := $(VENV)/bin
STAMP := .cache/stamps
NODE := tests/sdk/node
AGENTS := $(addprefix tests/sdk/agents/,claude codex gemini)
ACTIONLINT := v1.7.12
CARGO ?= cargo

RUST_FILES := Cargo.toml Cargo.lock $(shell find rust -name target -prune -o \( -name '*.rs' -o -name Cargo.toml \) -print)

export PATH := $(CURDIR)/$(BIN):$(PATH)
export PYO3_PYTHON := $(CURDIR)/$(BIN)/python

.PHONY: help demo test ci bench bench-smoke soak wheel fmt lint lock develop clean \
	test-rust test-python test-packaging bench-smoke lint-rust lint-python lint-docs lint-workflows deny docs node ci-rust ci-python

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | sort | expand -t 16

# --- what the targets stand on -------------------------------------------------------------------

$(STAMP)/venv: requirements/dev.txt
	@.ci/prepare python "$(PYTHON)" "$(VENV)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements/dev.txt
	@mkdir -p $(STAMP) && touch $@

# Editable and in the release profile; --no-build-isolation takes maturin from the lock file.
$(STAMP)/extension: $(STAMP)/venv $(RUST_FILES) pyproject.toml
	@.ci/prepare rust
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# npm's own scripts stay off; the SDKs have none that matter.
$(STAMP)/node: $(NODE)/package-lock.json $(AGENTS:%=%/package-lock.json)
	@.ci/prepare node $(NODE) $(AGENTS)
	@mkdir -p $(STAMP) && touch $@

$(STAMP)/actionlint-$(ACTIONLINT):
	@.ci/prepare actionlint $(ACTIONLINT) .cache/bin
	@mkdir -p $(STAMP) && touch $@

develop: $(STAMP)/extension  ## .venv with the tools and the extension, built in release mode

node: $(STAMP)/node  ## the Node SDKs and the agents (0.9 GB), for their tests

# --- use -----------------------------------------------------------------------------------------

demo: develop  ## a simulated upstream, the proxy, and one conversation through every dialect
	$(BIN)/fastproxy demo

wheel: $(STAMP)/venv  ## dist/*.whl and dist/*.tar.gz
	@.ci/prepare rust
	$(BIN)/maturin build --release --sdist --out dist

# --- check ---------------------------------------------------------------------------------------

test: test-rust test-packaging test-python  ## everything: Rust, the wheel, Python with the SDKs

test-rust: $(STAMP)/venv
	@.ci/prepare rust
	@if $(CARGO) nextest --version >/dev/null 2>&1; then \
		$(CARGO) nextest run --workspace --locked --no-fail-fast && $(CARGO) test --workspace --locked --quiet --doc; \
	else $(CARGO) test --workspace --locked --quiet --no-fail-fast; fi

test-packaging: develop
	$(BIN)/python -m pytest -q -m packaging tests/packaging

test-python: develop node
	@.ci/prepare postgres
	$(BIN)/python -m pytest -m "not packaging" -n $(JOBS) --dist loadgroup $(PYTEST_ARGS)

lint: lint-rust lint-python lint-docs lint-workflows deny  ## every check that runs nothing

lint-rust: $(STAMP)/venv
	@.ci/prepare rust
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked --quiet -- -D warnings

lint-python: develop
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy
	$(BIN)/mypy -p tests
	$(BIN)/mypy docs/generate.py docs/third_party.py
	$(BIN)/python -m mypy.stubtest fastproxy._core
	$(BIN)/lint-imports

lint-docs: develop
	$(BIN)/python docs/generate.py --check
	$(BIN)/python docs/third_party.py --check

lint-workflows: $(STAMP)/venv $(STAMP)/actionlint-$(ACTIONLINT)
	@if [ -x .cache/bin/actionlint ]; then .cache/bin/actionlint; fi
	$(BIN)/zizmor --offline --quiet --no-progress .github/workflows

# Advisories need a database from outside; licences, bans and sources do not.
deny:
	@if $(CARGO) deny --version >/dev/null 2>&1; then $(CARGO) deny --offline check bans licenses sources; \
	else echo "skipped: cargo-deny is not installed (cargo install --locked cargo-deny)"; fi

docs: develop  ## write the generated pages and the list of linked licences again
	$(BIN)/python docs/generate.py --write
	$(BIN)/python docs/third_party.py --write

bench: develop  ## the measurements, beside nginx: writes bench/RESULTS.md
	@.ci/prepare nginx
	$(BIN)/python -m bench

bench-smoke: develop
	@.ci/prepare nginx
	$(BIN)/python -m bench load --smoke

soak: develop  ## 200,000 requests, 30 % cancelled at random points; usage rows through 200 kill -9: nothing leaks or is lost
	$(BIN)/python -m bench soak $(SOAK_ARGS)
	FASTPROXY_KILLS=200 $(BIN)/python -m pytest tests/integration/test_usage_survives.py

# --- CI: two lanes, because a fat-LTO link and a clippy run use one core each ----------------------

ci:  ## what .ci/run runs; its last line is pytest's summary
	@$(MAKE) -k -j2 -Otarget ci-rust ci-python
	@$(MAKE) test-packaging
	@$(MAKE) bench-smoke
	@$(MAKE) test-python

ci-rust: lint-rust
	@$(MAKE) test-rust deny

ci-python: node $(STAMP)/venv
	@$(MAKE) lint-python lint-docs lint-workflows

# --- keep in shape -------------------------------------------------------------------------------

fmt: $(STAMP)/venv  ## format Rust and Python
	$(CARGO) fmt --all
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format --quiet .

lock: $(STAMP)/venv  ## resolve the Python tools again (needs uv; add UPGRADE=--upgrade for newer ones)
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-annotate \
		--quiet $(UPGRADE) --custom-compile-command "make lock" --output-file requirements/dev.txt

clean:  ## remove what the targets made, but not target/
	rm -rf $(VENV) .cache dist build $(NODE)/node_modules $(AGENTS:%=%/node_modules)
	rm -f python/fastproxy/*.so
