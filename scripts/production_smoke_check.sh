#!/bin/sh
# The main paths of the deployed system.
# Any other environment: ENV=staging scripts/production_smoke_check.sh
cd "$(dirname "$0")/.." && exec bin/trimtab smoke "${ENV:-production}" "$@"
