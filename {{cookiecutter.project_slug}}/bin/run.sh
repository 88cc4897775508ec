#!/usr/bin/env bash
# Start the production server; exec, so that signals reach it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec modelapi serve "$@"
