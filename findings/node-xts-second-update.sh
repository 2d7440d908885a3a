#!/usr/bin/env bash
# AES-XTS in node:crypto, one data unit in two calls of update(), each a whole number of blocks.
# Expected: the same ciphertext as with one call, as OpenSSL's other modes and Node's documentation of streams suggest.
# Seen: Node 20.20.2, 22.23.3 and 24.21.0 begin with the tweak's first power again, so that equal halves of a text give equal halves of a
# ciphertext; Node 26.10.0 throws "Trying to add data in unsupported state". (OpenSSL takes one call as one data unit.)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > xts.mjs << 'JS'
import { createCipheriv } from 'node:crypto';
const key = Uint8Array.from({ length: 32 }, (_, i) => i);
const iv = new Uint8Array(16).fill(2);
const text = new Uint8Array(64).fill(7);
const whole = createCipheriv('aes-128-xts', key, iv).update(text);
const cipher = createCipheriv('aes-128-xts', key, iv);
let seen;
try {
  const parts = Buffer.concat([cipher.update(text.subarray(0, 32)), cipher.update(text.subarray(32))]);
  if (parts.equals(whole)) seen = 'as one call';
  else seen = parts.subarray(32).equals(parts.subarray(0, 32)) ? 'tweak begun anew' : 'something else';
} catch (error) {
  seen = `throws: ${error.message}`;
}
console.log(`${process.version}: ${seen}`);
JS
run() {
  npm install --silent --no-audit --no-fund --prefix "node-$1" "node@$1" > /dev/null 2>&1
  seen=$("node-$1/node_modules/node/bin/node" xts.mjs)
  echo "$seen"
  [ "$seen" = "v$1: $2" ] || { echo "changed: expected \"$2\""; exit 1; }
}
run 20.20.2 'tweak begun anew'
run 22.23.3 'tweak begun anew'
run 24.21.0 'tweak begun anew'
run 26.10.0 'throws: Trying to add data in unsupported state'
