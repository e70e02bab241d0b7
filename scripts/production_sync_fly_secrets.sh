#!/bin/sh
# The one way secrets are written to Fly. Staged; the deploy that follows applies them. APPLY=true rolls at once.
# Any other environment: ENV=staging scripts/production_sync_fly_secrets.sh
[ "${APPLY:-}" = true ] && set -- --apply "$@"
cd "$(dirname "$0")/.." && exec bin/trimtab secrets sync "${ENV:-production}" "$@"
