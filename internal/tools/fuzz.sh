#!/usr/bin/env bash
# Runs every fuzz target of the module for as long as FUZZTIME says, as many at
# a time as there are cores, each on one: go test takes one target a process.
set -euo pipefail

export FUZZTIME=${FUZZTIME:-20s}

# ended_late says whether a run failed only because its time was over while a
# worker was busy: before Go 1.27 that is reported as a failure of the target
# (go.dev/issue/75804). An input that fails is always written to a file.
ended_late() {
	grep -q '^    context deadline exceeded$' "$1" && ! grep -qE 'Failing input|panic:|_test\.go:' "$1"
}

# fuzz runs the target that a line of grep names: its file, a colon, its function.
fuzz() {
	local name=${1##*func } folder log
	folder=$(dirname "${1%%:*}")
	log=$(mktemp)
	# Minimizing an input that covers something new may take longer than finding
	# it; a failing one is small enough as it is.
	if go test -run='^$' -fuzz="^$name\$" -fuzztime="$FUZZTIME" -fuzzminimizetime=10x -parallel=1 "./$folder" >"$log" 2>&1 || ended_late "$log"; then
		echo "fuzz $name for $FUZZTIME"$'\n'"$(tail -n 2 "$log")"
		rm -f "$log"
		return
	fi
	echo "fuzz $name failed"$'\n'"$(cat "$log")"
	rm -f "$log"
	return 1
}
export -f fuzz ended_late

targets=$(grep -rEo --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' . | grep -v '^./build/' | sort)
test -n "$targets"
xargs -d '\n' -n 1 -P "$(nproc)" bash -euo pipefail -c 'fuzz "$1"' fuzz <<<"$targets"
