#!/usr/bin/env bash
# Move the pins of the peers to the newest versions that go with the scikit-learn of the generated projects.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

constraint=$(mktemp)
trap 'rm "$constraint"' EXIT
grep '^scikit-learn==' '{{cookiecutter.project_slug}}/variants/framework/fastapi/requirements/develop.txt' > "$constraint"
for requirements in benchmarks/peers/*/requirements.in; do
    uv pip compile --quiet --upgrade --universal --python-version 3.11 --fork-strategy fewest --no-header --no-annotate \
        --constraint "$constraint" "$requirements" --output-file "${requirements%.in}.txt"
done
