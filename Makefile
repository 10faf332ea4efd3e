# Everything a developer types; `.ci/run` calls the same.

export CARGO_TARGET_DIR ?= $(shell tests/tools/cache_dir.sh target)
BIN = $(CARGO_TARGET_DIR)/debug

.DEFAULT_GOAL := help
.PHONY: help demo run test lint fmt proto bench fuzz

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

demo: ## start everything on this machine and show the five use cases
	@tests/tools/setup.sh demo
	cargo build --locked --workspace --bins
	python3 tests/demo/demo.py --kleisd $(BIN)/kleisd --kleis $(BIN)/kleis

run: ## run all services in one process, with their data in ./kleis-data
	@tests/tools/setup.sh build
	cargo run --locked --bin kleisd -- all --data-dir ./kleis-data

test: ## run all tests; installs what they need
	@tests/tools/setup.sh test
	tests/tools/test.sh

lint: ## run all checks of the code, the protos, the dependencies and their arrows
	@tests/tools/setup.sh lint
	@python3 tests/tools/lint.py

fmt: ## format the code and the protos
	@tests/tools/setup.sh lint
	cargo fmt --all
	@python3 tests/tools/lint.py --format-protos

proto: ## check the protos and build what is generated from them
	@tests/tools/setup.sh lint
	@python3 tests/tools/lint.py protos
	cargo test --locked --package kleis-proto

bench: ## measure what things cost beside what they cannot do without; QUICK=1 takes seconds
	@tests/tools/setup.sh build
	cargo run --locked --release --quiet --package kleis-bench -- $(CARGO_TARGET_DIR)/bench.json

fuzz: ## run every fuzz target for FUZZ_SECONDS (20)
	@tests/tools/setup.sh fuzz
	tests/tools/fuzz.sh
