#!/usr/bin/env bash
# Node 26.10.0 (npm package node; 20.20.2, 22.23.3 and 24.21.0 behave so, too).
# Expected by readers of SP 800-38D and of the Web Cryptography API: AES-GCM takes IVs of any length from one byte on; an implementation's
# bound is the same by both of a runtime's interfaces.
# Seen: crypto.subtle.encrypt() refuses IVs of less than 12 bytes with an OperationError that does not name the length, while
# createCipheriv() takes them; both refuse more than 128 bytes, which is OpenSSL's bound.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true }' > package.json
npm install --silent --no-audit --no-fund node@26.10.0 > /dev/null 2>&1
cat > iv.mjs << 'JS'
import { createCipheriv } from 'node:crypto';

console.log(`Node ${process.versions.node}, OpenSSL ${process.versions.openssl}`);
const bytes = new Uint8Array(16).fill(7);
const key = await crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt']);
const text = new Uint8Array(5);
const byWebCrypto = (iv) =>
  crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, text).then(
    () => 'taken',
    (error) => `refused: ${error.message}`,
  );
const byNode = (iv) => {
  try {
    createCipheriv('aes-128-gcm', bytes, iv).update(text);
    return 'taken';
  } catch {
    return 'refused';
  }
};
let changed = false;
for (const [length, subtle, node] of [
  [1, false, true],
  [11, false, true],
  [12, true, true],
  [128, true, true],
  [129, false, false],
]) {
  const iv = new Uint8Array(length).fill(1);
  const [first, second] = [await byWebCrypto(iv), byNode(iv)];
  console.log(`an IV of ${length} bytes: crypto.subtle ${first}; node:crypto ${second}`);
  changed ||= (first === 'taken') !== subtle || (second === 'taken') !== node;
}
process.exitCode = changed ? 1 : 0;
JS
node_modules/.bin/node iv.mjs
