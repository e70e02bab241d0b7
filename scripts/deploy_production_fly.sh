#!/bin/sh
# Preflight, migrations (RUN_MIGRATIONS), backend, client, smoke checks (RUN_SMOKE_CHECK); back to the last good state when it fails.
# Any other environment: ENV=staging scripts/deploy_production_fly.sh
cd "$(dirname "$0")/.." && exec bin/trimtab deploy "${ENV:-production}" "$@"
