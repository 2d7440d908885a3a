#!/usr/bin/env bash
# Deno 2.9.6, beside Node and Bun 1.4.5.
# Expected by programs for node:fs: a descriptor that the process has inherited is a descriptor, as for every program of the system.
# Seen: fs.readSync(3) in Deno throws EBADF for a file that the shell has opened as descriptor 3; Node and Bun read it. Deno's node:fs knows
# the standard streams and what it has opened itself.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true }' > package.json
npm install --silent --no-audit --no-fund deno@2.9.6 bun@1.4.5 > /dev/null 2>&1
printf 'hello' > text
cat > read.mjs << 'JS'
import { readSync } from 'node:fs';

const bytes = Buffer.alloc(5);
try {
  console.log(`${readSync(3, bytes, 0, 5, 0)} bytes: ${bytes}`);
} catch (error) {
  console.log(error.code);
}
JS
changed=0
check() {
  local seen
  seen=$("${@:3}" read.mjs 3< text)
  echo "$1: $seen"
  [ "$seen" = "$2" ] || changed=1
}
check Node '5 bytes: hello' node
check Bun '5 bytes: hello' node_modules/.bin/bun
check Deno EBADF node_modules/.bin/deno run --allow-all
exit "$changed"
