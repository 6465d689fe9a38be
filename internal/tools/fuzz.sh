#!/usr/bin/env bash
# Runs every fuzz target of the module for as long as FUZZTIME says, one after
# the other: go test takes one at a time.
set -euo pipefail

targets=$(grep -rEo --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' . | grep -v '^./build/' | sort)
test -n "$targets"
while IFS=: read -r file function; do
	name=${function#func }
	echo "fuzz $name for ${FUZZTIME:=20s}"
	# Minimizing an input that covers something new may take longer than finding
	# it; a failing one is small enough as it is.
	go test -run='^$' -fuzz="^$name\$" -fuzztime="$FUZZTIME" -fuzzminimizetime=10x "./$(dirname "$file")" >"${TMPDIR:-/tmp}/fuzz.$$" 2>&1 || {
		cat "${TMPDIR:-/tmp}/fuzz.$$"
		exit 1
	}
	tail -n 2 "${TMPDIR:-/tmp}/fuzz.$$"
	rm -f "${TMPDIR:-/tmp}/fuzz.$$"
done <<<"$targets"
