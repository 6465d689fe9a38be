#!/usr/bin/env bash
# Usage: chromium.sh
#
# Sees to it that there is a Chromium. Where there is none, it installs Debian's,
# which takes root and apt-get; it fails where it cannot.
set -euo pipefail

for name in "${USAGE_BROWSER:-chromium}" chromium chromium-browser google-chrome; do
	if command -v "$name" >/dev/null; then exit; fi
done
if ! command -v apt-get >/dev/null || [[ $(id -u) != 0 ]]; then
	echo "Chromium is missing; installing it needs apt-get and root, or name one in USAGE_BROWSER." >&2
	exit 1
fi
echo "apt-get install chromium"
export DEBIAN_FRONTEND=noninteractive
# Fonts are what text is measured with; a bare system has none.
apt-get update -qq && apt-get install -qq -y --no-install-recommends chromium fonts-dejavu-core >/dev/null
