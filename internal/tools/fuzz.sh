#!/usr/bin/env bash
# Runs every fuzz target of the module for as long as FUZZTIME says, one after
# the other: go test takes one at a time.
set -euo pipefail

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# ended_late says whether a run failed only because its time was over while a
# worker was busy: before Go 1.27 that is reported as a failure of the target
# (go.dev/issue/75804). An input that fails is always written to a file.
ended_late() {
	grep -q '^    context deadline exceeded$' "$log" && ! grep -qE 'Failing input|panic:|_test\.go:' "$log"
}

targets=$(grep -rEo --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' . | grep -v '^./build/' | sort)
test -n "$targets"
while IFS=: read -r file function; do
	name=${function#func }
	echo "fuzz $name for ${FUZZTIME:=20s}"
	# Minimizing an input that covers something new may take longer than finding
	# it; a failing one is small enough as it is.
	go test -run='^$' -fuzz="^$name\$" -fuzztime="$FUZZTIME" -fuzzminimizetime=10x "./$(dirname "$file")" >"$log" 2>&1 || ended_late || {
		cat "$log"
		exit 1
	}
	tail -n 2 "$log"
done <<<"$targets"
