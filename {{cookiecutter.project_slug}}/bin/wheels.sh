#!/usr/bin/env bash
# Say which pins have no wheel for the Python of .venv: bin/wheels.sh PINS COMMAND…, which failed to install them
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

pins=$(grep '==' "$1")
shift
missing=
# pip and uv name only the first, so it is left out and they are asked again.
while ! said=$("$@" --dry-run --no-deps --only-binary :all: -r <(echo "$pins") 2>&1); do
    pin=$(sed -nE 's/.*(Because|distribution found for) ([^ ]+==[^ ]+)( has no .*)?$/\2/p' <<< "$said" | head -n 1)
    # Without a network pip retries, and then finds nothing of anything.
    if [[ -z $pin || $said == *Retrying* ]] || ! grep -q "^$pin" <<< "$pins"; then break; fi
    pins=$(grep -v "^$pin" <<< "$pins" || true)
    missing+="${missing:+, }$pin"
done
[[ -z $missing ]] || echo "There is no wheel for $(.venv/bin/python -V) of $missing: make develop PYTHON=python3.13" >&2
exit 1
