#!/bin/sh
# Commands, variables, configuration files, migrations, secrets: everything that lacks, at once.
# Any other environment: ENV=staging scripts/production_preflight.sh
cd "$(dirname "$0")/.." && exec bin/trimtab preflight "${ENV:-production}" "$@"
