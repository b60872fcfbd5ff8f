#!/usr/bin/env bash
# A virtual environment of the action's own, so that the one that is judged stays as it is.
set -euo pipefail
: "${GITHUB_ACTION_PATH:?}" "${RUNNER_TEMP:?}"

python=$(command -v python3 || command -v python)
"$python" -m venv "$RUNNER_TEMP/envguard"
requirement=$GITHUB_ACTION_PATH
if [ -n "${EXTRAS:-}" ]; then requirement="${requirement}[${EXTRAS}]"; fi
"$RUNNER_TEMP/envguard/bin/python" -m pip install --quiet --disable-pip-version-check "$requirement" "PyYAML>=6.0.1"
