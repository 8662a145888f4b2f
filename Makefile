# SPDX-License-Identifier: Apache-2.0
#
# The front door. `make help` lists what there is.

SHELL := /bin/bash
.DEFAULT_GOAL := help

SWIFT ?= swift
SWIFT_FLAGS ?=
# The language's libraries are linked in: the programs run where no Swift is, and in less memory.
RELEASE_FLAGS := -c release --static-swift-stdlib
PROGRAMS := metaflow-server metaflow-engine metaflow-agent metaflow
BENCHMARKS := socket-calls packet-sender flows-benchmark packets-benchmark plugins-benchmark \
  storage-benchmark whereabouts-benchmark
# One by one: what only tests need cannot be linked so.
build-each = for program in $(1); do \
  $(SWIFT) build $(RELEASE_FLAGS) --product $$program $(SWIFT_FLAGS) || exit; done
DATA_DIR ?= data

.PHONY: help bootstrap bootstrap-test bootstrap-kernels bootstrap-bench build release run test \
  test-kernels lint format bench fuzz ci clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'

bootstrap: ## install what building and running needs
	@scripts/bootstrap run

bootstrap-test:
	@scripts/bootstrap test

bootstrap-kernels:
	@scripts/bootstrap kernels

bootstrap-bench:
	@scripts/bootstrap bench

build: bootstrap ## build everything, debug
	$(SWIFT) build $(SWIFT_FLAGS)

release: bootstrap ## build the programs, optimized
	@$(call build-each,$(PROGRAMS))

run: release ## start server and agent on this host; Ctrl-C stops both
	@scripts/run --data-dir $(DATA_DIR)

test: bootstrap-test ## run every test; kernel tests need root
	@scripts/test

test-kernels: bootstrap-kernels ## run the kernel tests on Linux 6.1 and 6.12 in virtual machines
	@$(SWIFT) build --build-tests $(SWIFT_FLAGS)
	@scripts/test-kernels

lint: bootstrap-test ## check the style of every source file
	@scripts/lint

format: bootstrap-test ## rewrite the sources in the house style
	$(SWIFT) format -i -p -r Package.swift Plugins Sources Tests
	@.bootstrap/format/bin/clang-format -i bpf/*.c bpf/*.h Sources/CProbes/include/*.h

bench: bootstrap-bench ## measure; a table on stdout and bench-results.json
	@export METAFLOW_DEV=1; $(call build-each,$(PROGRAMS) $(BENCHMARKS))
	@scripts/bench

fuzz: bootstrap ## fuzz the parsers for a minute each
	@scripts/fuzz

ci: ## what CI runs: lint, then every test
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory test

clean: ## remove what was built; keeps data and downloads
	$(SWIFT) package clean
