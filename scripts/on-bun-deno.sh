#!/usr/bin/env bash
# Runs the examples and every backend in Bun and in Deno, which npm's packages bring. The library must be built.
set -euo pipefail
cd "$(dirname "$0")/.."

programs=(examples/pci.mjs examples/mmio.mjs test/runtimes/program.mjs)
for program in "${programs[@]}"; do
  npm exec --yes --package=bun@1.4.5 -- bun run "$program"
  npm exec --yes --package=deno@2.9.6 -- deno run -A "$program"
done
