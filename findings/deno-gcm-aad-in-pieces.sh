#!/usr/bin/env bash
# AES-GCM by node:crypto in Deno: additional data that setAAD() gets in two calls.
# Expected: the tag of the pieces one behind the other, as Node 20.20.2 and Bun 1.4.5 give it.
# Seen: Deno 2.9.6 gives a third tag, neither that of all the data nor that of the last piece, and no error.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true }' > package.json
npm install --silent --no-audit --no-fund deno@2.9.6 bun@1.4.5 node@20.20.2 > /dev/null 2>&1
cat > aad.mjs << 'JS'
import { createCipheriv } from 'node:crypto';
const tag = (...pieces) => {
  const cipher = createCipheriv('aes-128-gcm', new Uint8Array(16).fill(1), new Uint8Array(12).fill(2));
  for (const piece of pieces) cipher.setAAD(piece);
  cipher.update('x');
  cipher.final();
  return cipher.getAuthTag().toString('hex');
};
const first = Buffer.from('header-part-1|');
const second = Buffer.from('part-2');
const both = tag(first, second);
const names = { [tag(Buffer.concat([first, second]))]: 'all of it', [tag(second)]: 'the last piece' };
console.log(names[both] ?? 'neither');
JS
check() {
  seen=$("${@:3}" aad.mjs)
  echo "$1: the tag covers $seen"
  [ "$seen" = "$2" ] || { echo "changed: expected \"$2\""; exit 1; }
}
check 'Node 20.20.2' 'all of it' node_modules/node/bin/node
check 'Bun 1.4.5' 'all of it' node_modules/.bin/bun
check 'Deno 2.9.6' 'neither' node_modules/.bin/deno run --allow-all
