#!/usr/bin/env bash
# node-forge 1.4.3, beside node:crypto and sjcl 1.0.9.
# Expected by readers of SP 800-38D (5.2.1.2) and RFC 4106 (6): a tag of AES-GCM has 16 to 12 bytes, 8 or 4, and a shorter one is the
# beginning of that of 16. node-forge's tagLength takes just these.
# Seen: with tagLength 64 and 32 node-forge makes all 16 bytes, and refuses each right message with 8 or 4. It cuts off the remainder of 16
# by the tag's length, which is right for 16 to 12 bytes alone. sjcl agrees with node:crypto.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts node-forge@1.4.3 sjcl@1.0.9 > /dev/null 2>&1
cat > gcm.mjs << 'JS'
import { createCipheriv } from 'node:crypto';
import forge from 'node-forge';
import sjcl from 'sjcl';

const key = Buffer.alloc(16, 7);
const iv = Buffer.alloc(12, 5);
const text = Buffer.alloc(40, 3);
const bits = (bytes) => sjcl.codec.hex.toBits(bytes.toString('hex'));
const bytesOf = (value) => Buffer.from(sjcl.codec.hex.fromBits(value), 'hex');
const buffer = (bytes) => forge.util.createBuffer(bytes.toString('binary'));
let changed = false;
for (const length of [16, 15, 14, 13, 12, 8, 4]) {
  const cipher = createCipheriv('aes-128-gcm', key, iv, { authTagLength: length });
  const ciphertext = Buffer.concat([cipher.update(text), cipher.final()]);
  const tag = cipher.getAuthTag();

  const encryption = forge.cipher.createCipher('AES-GCM', key.toString('binary'));
  encryption.start({ iv: iv.toString('binary'), tagLength: length * 8 });
  encryption.update(buffer(text));
  encryption.finish();
  const made = Buffer.from(encryption.mode.tag.toHex(), 'hex');

  const decryption = forge.cipher.createDecipher('AES-GCM', key.toString('binary'));
  decryption.start({ iv: iv.toString('binary'), tagLength: length * 8, tag: buffer(tag) });
  decryption.update(buffer(ciphertext));
  const taken = decryption.finish();

  const others = bytesOf(sjcl.mode.gcm.encrypt(new sjcl.cipher.aes(bits(key)), bits(text), bits(iv), [], length * 8));
  const agrees = others.equals(Buffer.concat([ciphertext, tag]));
  console.log(`tag of ${length} bytes: node-forge makes ${made.length}, and ${taken ? 'takes' : 'refuses'} the message of node:crypto; ` +
    `sjcl ${agrees ? 'agrees with' : 'differs from'} node:crypto`);
  const short = length <= 8;
  changed ||= made.length !== (short ? 16 : length) || taken === short || !agrees || !made.subarray(0, length).equals(tag);
}
process.exitCode = changed ? 1 : 0;
JS
node gcm.mjs
