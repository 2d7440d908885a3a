#!/usr/bin/env bash
# crypto-js 4.2.0, node-forge 1.4.3, asmcrypto.js 2.3.2; beside them aes-js 3.1.2, @noble/ciphers 2.2.0, node:crypto.
# Expected by readers of SP 800-38A and of Linux's ctr(aes): the counter block is one number of 128 bits, and a carry goes through all of it.
# Seen: crypto-js and node-forge drop the carry out of the last 32 bits, asmcrypto.js out of the last 48, so that all blocks behind are
# wrong, without an error. aes-js and @noble/ciphers agree with node:crypto.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts crypto-js@4.2.0 node-forge@1.4.3 asmcrypto.js@2.3.2 \
  aes-js@3.1.2 @noble/ciphers@2.2.0 > /dev/null 2>&1
cat > ctr.mjs << 'JS'
import { createCipheriv } from 'node:crypto';
import { ctr } from '@noble/ciphers/aes.js';
import aesJs from 'aes-js';
import * as asmCrypto from 'asmcrypto.js';
import cryptoJs from 'crypto-js';
import forge from 'node-forge';

const key = Buffer.alloc(16, 7);
const text = Buffer.alloc(64, 3);
const words = (bytes) => cryptoJs.lib.WordArray.create(bytes);
const libraries = {
  'aes-js': (iv) => new aesJs.ModeOfOperation.ctr(key, new aesJs.Counter(iv)).encrypt(text),
  '@noble/ciphers': (iv) => ctr(key, iv).encrypt(text),
  'crypto-js': (iv) => {
    const options = { mode: cryptoJs.mode.CTR, padding: cryptoJs.pad.NoPadding, iv: words(iv) };
    return Buffer.from(cryptoJs.AES.encrypt(words(text), words(key), options).ciphertext.toString(), 'hex');
  },
  'node-forge': (iv) => {
    const cipher = forge.cipher.createCipher('AES-CTR', key.toString('binary'));
    cipher.start({ iv: iv.toString('binary') });
    cipher.update(forge.util.createBuffer(text.toString('binary')));
    cipher.finish();
    return Buffer.from(cipher.output.toHex(), 'hex');
  },
  'asmcrypto.js': (iv) => asmCrypto.AES_CTR.encrypt(text, key, iv),
};
const expected = {
  24: {},
  32: { 'crypto-js': '1 block of 4', 'node-forge': '1 block of 4' },
  48: { 'crypto-js': '1 block of 4', 'node-forge': '1 block of 4', 'asmcrypto.js': '1 block of 4' },
  128: { 'crypto-js': '1 block of 4', 'node-forge': '1 block of 4', 'asmcrypto.js': '1 block of 4' },
};
let changed = false;
for (const [ones, others] of Object.entries(expected)) {
  const iv = Buffer.alloc(16, 1).fill(255, 16 - ones / 8);
  const right = createCipheriv('aes-128-ctr', key, iv).update(text);
  for (const [name, encrypt] of Object.entries(libraries)) {
    const bytes = Buffer.from(encrypt(iv));
    const same = (block) => bytes.subarray(block, block + 16).equals(right.subarray(block, block + 16));
    const blocks = [0, 16, 32, 48].filter(same).length;
    const seen = blocks === 4 ? 'all blocks' : `${blocks} block of 4`;
    console.log(`${ones} low bits of the counter are ones: ${name} has ${seen} as node:crypto has`);
    changed ||= seen !== (others[name] ?? 'all blocks');
  }
}
process.exitCode = changed ? 1 : 0;
JS
node ctr.mjs
