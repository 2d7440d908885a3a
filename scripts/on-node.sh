#!/usr/bin/env bash
# Runs suites of the library, and a Linux guest up to its self-test and comparisons, on other releases of Node.js. npm's package
# `node` brings them. The library must be built.
# usage: scripts/on-node.sh [--all] <version>...     --all: every suite of the library, with every backend
set -euo pipefail
cd "$(dirname "$0")/.."

suites=(--project library --project engine test/cli test/device test/engine test/vhost-user)
if [ "${1-}" = --all ]; then
  shift
  suites=(--project '!browser')
fi
if [ $# -eq 0 ]; then
  echo "usage: $0 [--all] <version>..." >&2
  exit 2
fi

for version in "$@"; do
  # The package's node comes first in PATH.
  npm exec --yes --package="node@$version" -- bash -euc '
    echo "Node.js $(node --version)"
    NO_COLOR=1 node node_modules/vitest/vitest.mjs run --reporter=dot "$@"
    node dist/src/cli/main.js demo --no-speed
  ' on-node "${suites[@]}"
done
