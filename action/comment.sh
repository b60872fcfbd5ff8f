#!/usr/bin/env bash
# One comment for each command and lock, written anew in its place each time: known by a line that nobody sees.
set -euo pipefail
: "${GITHUB_REPOSITORY:?}" "${NUMBER:?}" "${REPORT:?}" "${RUNNER_TEMP:?}"

key=$(printf '%s %s' "$COMMAND" "$LOCK" | sha256sum | cut -c 1-16)
marker="<!-- envguard:$key -->"
body=$RUNNER_TEMP/envguard-comment.md
{
    echo "$marker"
    # GitHub takes 65,536 characters.
    head -c 60000 "$REPORT"
} > "$body"

comments="repos/$GITHUB_REPOSITORY/issues/$NUMBER/comments"
if ! found=$(gh api --paginate "$comments" --jq ".[] | select(.body | startswith(\"$marker\")) | .id"); then
    echo "::warning::envguard cannot read the comments: the job needs 'permissions: pull-requests: write'"
    exit 0
fi
id=$(printf '%s\n' "$found" | head -n 1)

if [ -n "$id" ]; then
    # Also where nothing is wrong any more: an old comment that still warns is worse than none.
    done_by() { gh api --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$id" --field "body=@$body"; }
elif [ "$WHEN" = always ] || [ "${EXIT_CODE:-2}" != 0 ] || [ "${VERDICT:-}" != pinned ]; then
    done_by() { gh api --method POST "$comments" --field "body=@$body"; }
else
    exit 0
fi
if ! done_by > /dev/null; then
    # A pull request from a fork has a token that may only read; the summary has the report in any case.
    echo "::warning::envguard cannot comment: the job needs 'permissions: pull-requests: write'"
fi
