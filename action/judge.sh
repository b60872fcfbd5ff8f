#!/usr/bin/env bash
# Run envguard, and write its report to the job's summary. The exit code becomes an output: the last step fails the job.
set -euo pipefail
: "${GITHUB_OUTPUT:?}" "${GITHUB_STEP_SUMMARY:?}" "${RUNNER_TEMP:?}"
envguard=$RUNNER_TEMP/envguard/bin/envguard
report=$RUNNER_TEMP/envguard-report.md
facts=$RUNNER_TEMP/envguard-report.json
errors=$RUNNER_TEMP/envguard-errors.txt

arguments=()
case "$COMMAND" in
    diff)
        base=${BASE:-}
        # A new branch has no commit before it; the first commit of a repository has no parent.
        if [ -z "$base" ] || [ -z "${base//0/}" ]; then base="HEAD~1"; fi
        if git rev-parse --quiet --verify "$base^{commit}" > /dev/null && git cat-file -e "HEAD:$LOCK" 2> /dev/null \
            && ! git cat-file -e "$base:$LOCK" 2> /dev/null; then
            "$envguard" digest "$LOCK" > /dev/null # what cannot be read must not get in
            printf '**envguard**: the golden file %s is new\n' "$LOCK" | tee "$report" >> "$GITHUB_STEP_SUMMARY"
            printf '%s\n' verdict=pinned exit-code=0 "report=$report" >> "$GITHUB_OUTPUT"
            exit 0
        fi
        arguments=(diff "git:$base:$LOCK" "git:HEAD:$LOCK" --fail-on "$FAIL_ON")
        ;;
    check)
        arguments=(check --lock "$LOCK" --fail-on "$FAIL_ON")
        # Without an interpreter it would be the action's own environment that is judged.
        python=${PYTHON:-$(command -v python3 || command -v python)}
        arguments+=(--python "$python")
        ;;
    files)
        arguments=(files --fail-on "$FAIL_ON")
        while IFS= read -r path; do
            if [ -n "$path" ]; then arguments+=("$path"); fi
        done <<< "$PATHS"
        ;;
    *)
        echo "::error::envguard: command is '$COMMAND', and must be diff, check or files"
        echo "exit-code=2" >> "$GITHUB_OUTPUT"
        exit 0
        ;;
esac

rm -f "$report" "$facts"
code=0
"$envguard" "${arguments[@]}" --output-format markdown -o "$report" 2> "$errors" || code=$?
cat "$errors" >&2
if [ ! -s "$report" ]; then
    {
        echo "**envguard could not judge**"
        echo
        sed 's/^/    /' "$errors"
    } > "$report"
    verdict=unverified
    if [ "$code" -eq 0 ]; then code=2; fi
else
    "$envguard" "${arguments[@]}" --output-format json -o "$facts" 2> /dev/null || true
    verdict=$("$RUNNER_TEMP/envguard/bin/python" -c 'import json, sys; print(json.load(open(sys.argv[1]))["verdict"])' "$facts")
    "$envguard" "${arguments[@]}" --output-format github 2> /dev/null || true
fi
cat "$report" >> "$GITHUB_STEP_SUMMARY"
{
    echo "verdict=$verdict"
    echo "exit-code=$code"
    echo "report=$report"
} >> "$GITHUB_OUTPUT"
