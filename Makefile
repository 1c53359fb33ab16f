# The one entry to building, testing and showing the project: `make help` lists the targets.
# What a target does is in scripts/; all debug builds share one set of flags (scripts/build), so that
# `make build lint test` compiles once.
SHELL := /bin/bash
MAKEFLAGS += --no-print-directory
.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help bootstrap build release test test-long sim mutants lint format bench demo docs stack-up stack-down e2e clean

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 12

bootstrap: ## Install the Debian packages that are missing
	@scripts/bootstrap

build: bootstrap ## Build everything for debugging, warnings as errors
	@scripts/build debug

release: bootstrap ## Build the binary that is shipped: .build/release/recover
	@scripts/build release

test: bootstrap ## Build, and run all tests but the long ones
	@scripts/test

test-long: bootstrap ## Run all tests with the long tier, then the mutants, then kill restores of trees
	@RECOVER_LONG=1 scripts/test
	@scripts/mutants
	@scripts/build release
	@scripts/kill-files

sim: bootstrap ## Run the simulation alone: every crash point, from one seed
	@scripts/test --filter Simulation

mutants: bootstrap ## Break each invariant on purpose, and see its test turn red
	@scripts/mutants

lint: ## Check format, layers, lengths, forbidden words and links
	@swift format lint --strict --parallel --recursive --configuration .swift-format Package.swift Sources Tests
	@scripts/tidy --self-test
	@scripts/tidy

format: ## Format the Swift sources in place
	@swift format --in-place --parallel --recursive --configuration .swift-format Package.swift Sources Tests

bench: release ## Measure a recovery against psql (SIZE=300 megabytes, RUNS=5)
	@scripts/build bench
	@scripts/bench --megabytes $(or $(SIZE),300) --runs $(or $(RUNS),5)

demo: release ## Show a recovery, a rollback and a resume on a scratch PostgreSQL
	@scripts/demo

stack-up: ## Start the runbook's whole stack in containers, and say where it is
	@scripts/bootstrap --stack
	@scripts/stack up

stack-down: ## Stop what stack-up started
	@scripts/stack down

e2e: build ## Recover, break and kill the runbook's stack, and measure its outages
	@scripts/bootstrap --stack
	@scripts/e2e

docs: build ## Write docs/commands.md from the binary's own help
	@scripts/docs .build/debug/recover > .build/commands.md
	@mv .build/commands.md docs/commands.md

clean: ## Remove what was built
	@rm -rf .build .scratch
