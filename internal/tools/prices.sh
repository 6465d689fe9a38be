#!/usr/bin/env bash
# Usage: prices.sh VERSION DIRECTORY
#
# Writes the built-in price table into DIRECTORY, from that VERSION (or `latest`)
# of the npm package that carries the data, and its licence beside it. The same
# version gives the same bytes. It needs npm and node, which nothing else does.
set -euo pipefail

version=$1
directory=$(realpath "$2")
package=@pydantic/genai-prices
tools=$(realpath "$(dirname "$0")")
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT

cd "$temporary"
npm pack --silent "$package@$version" >/dev/null
tar -xzf ./*.tgz
version=$(node -p 'require("./package/package.json").version')
# The package itself has no date.
npm view --silent --json "$package@$version" time >time.json
date=$(node -p 'const t = require("./time.json"); (t.time ?? t)[process.argv[1]].slice(0, 10)' "$version")

node "$tools/prices.mjs" package/dist/index.js "genai-prices $version ($date)" "$directory/prices.jsonl.gz"
cp package/LICENSE "$directory/LICENSE.genai-prices"
