#!/usr/bin/env bash
# Node 20.20.2 (OpenSSL 3.0), 22.23.3, 24.21.0 and 26.10.0 (OpenSSL 3.5), npm package node.
# Expected by readers of RFC 8017 (3.2): d is a positive integer below n with e d = 1 modulo lambda(n); d plus a multiple of lambda(n)
# computes the same, and RSAPrivateKey has the numbers for the remainder theorem beside it.
# Seen: a private key whose d has one bit more than n signs in Node 20; Node 22, 24 and 26 refuse the key.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
cat > key.mjs << 'JS'
import { createPrivateKey, generateKeyPairSync, sign, verify } from 'node:crypto';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
const jwk = privateKey.export({ format: 'jwk' });
const number = (text) => BigInt(`0x${Buffer.from(text, 'base64url').toString('hex')}`);
const [n, e, d, p, q, dp, dq, qi] = [jwk.n, jwk.e, jwk.d, jwk.p, jwk.q, jwk.dp, jwk.dq, jwk.qi].map(number);
const gcd = (a, b) => (b === 0n ? a : gcd(b, a % b));
const lambda = ((p - 1n) * (q - 1n)) / gcd(p - 1n, q - 1n);
const bits = n.toString(2).length;
let long = d;
while (long.toString(2).length <= bits) long += lambda;
const length = (size) => (size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 255]);
const integer = (value) => {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  const content = bytes[0] & 0x80 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes;
  return Buffer.concat([Buffer.from([2, ...length(content.length)]), content]);
};
const keyOf = (exponent) => {
  const content = Buffer.concat([0n, n, e, exponent, p, q, dp, dq, qi].map(integer));
  return Buffer.concat([Buffer.from([0x30, ...length(content.length)]), content]);
};
const works = (exponent) => {
  let key;
  try {
    key = createPrivateKey({ key: keyOf(exponent), format: 'der', type: 'pkcs1' });
  } catch {
    return 'is refused';
  }
  return verify('sha256', Buffer.from('text'), publicKey, sign('sha256', Buffer.from('text'), key)) ? 'signs' : 'signs wrongly';
};
const [plain, longer] = [works(d), works(long)];
console.log(`Node ${process.versions.node}: a key with d of at most ${bits} bits ${plain}, one with ${long.toString(2).length} bits ${longer}`);
process.exitCode = plain === 'signs' && longer === process.argv[2] ? 0 : 1;
JS
npm install --silent --no-audit --no-fund node20@npm:node@20.20.2 node22@npm:node@22.23.3 node24@npm:node@24.21.0 \
  node26@npm:node@26.10.0 > /dev/null 2>&1
node_modules/node20/bin/node key.mjs signs
for version in 22 24 26; do "node_modules/node$version/bin/node" key.mjs 'is refused'; done
