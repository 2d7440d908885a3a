#!/usr/bin/env bash
# @peculiar/webcrypto 1.7.2 and @trust/webcrypto 0.9.2, two implementations of WebCrypto, beside that of Node.
# Expected by readers of the Web Cryptography API (AesCtrParams): only the last `length` bits of the counter block count, and begin at zero
# again behind all ones; the bits before them stay. So with 32 bits it counts as GCM does.
# Seen: both take `length` and do not look at it: a carry goes through all 128 bits, and all blocks behind it are wrong, without an error.
# With `length` 128 they agree with Node.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts @peculiar/webcrypto@1.7.2 @trust/webcrypto@0.9.2 > /dev/null 2>&1
cat > length.mjs << 'JS'
import { webcrypto } from 'node:crypto';
import { Crypto } from '@peculiar/webcrypto';
import trust from '@trust/webcrypto';

const key = Buffer.alloc(16, 7);
const text = Buffer.alloc(64, 3);
const encrypt = async (subtle, counter, length) => {
  const imported = await subtle.importKey('raw', key, { name: 'AES-CTR' }, true, ['encrypt', 'decrypt']);
  return Buffer.from(await subtle.encrypt({ name: 'AES-CTR', counter, length }, imported, text));
};
const libraries = { '@peculiar/webcrypto': new Crypto().subtle, '@trust/webcrypto': trust.subtle };
let changed = false;
for (const length of [32, 64, 128]) {
  const counter = Buffer.alloc(16, 1).fill(255, 16 - length / 8);
  const right = await encrypt(webcrypto.subtle, counter, length);
  for (const [name, subtle] of Object.entries(libraries)) {
    const bytes = await encrypt(subtle, counter, length);
    const same = (block) => bytes.subarray(block, block + 16).equals(right.subarray(block, block + 16));
    const blocks = [0, 16, 32, 48].filter(same).length;
    console.log(`a counter of ${length} bits, all ones: ${name} has ${blocks} of 4 blocks as Node has`);
    changed ||= blocks !== (length === 128 ? 4 : 1);
  }
}
process.exitCode = changed ? 1 : 0;
JS
node length.mjs
