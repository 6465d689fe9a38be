#!/usr/bin/env bash
# Usage: check-clean.sh TOOLS
#
# Runs `make fmt tidy generate` in a copy of the working tree, with the tools of
# the directory TOOLS, and fails if a file changes there. The copy has what git
# tracks or would add, uncommitted work included; the working tree itself is
# left as it is.
set -euo pipefail

tools=$1
root=$(git rev-parse --show-toplevel)
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
# Not named like the package: generated code must not depend on the name.
copy=$temporary/clone
mkdir "$copy"

cd "$root"
git ls-files -coz --exclude-standard |
	while IFS= read -r -d '' file; do
		# A file that is deleted but not committed as such is still listed.
		if [[ -e $file || -L $file ]]; then printf '%s\0' "$file"; fi
	done |
	tar -cf - --null -T - |
	tar -xf - -C "$copy"

cd "$copy"
git init -q
git add -A
make --no-print-directory TOOLS="$tools" fmt tidy generate
# New files show in the diff as well.
git add -A -N
if ! git --no-pager diff --exit-code; then
	echo "make fmt tidy generate would change the files above: run it and look at what changes." >&2
	exit 1
fi
