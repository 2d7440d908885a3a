#!/usr/bin/env bash
# ECDSA by node:crypto in Deno 2.9.6, beside Node 24.21.0 and Bun 1.4.5, npm packages deno, node and bun.
# Expected by readers of FIPS 186-5 (6.4) and RFC 6979, whose examples have all these pairs: any digest goes with any curve, and a digest
# shorter than the curve's order is taken as the number that it is.
# Seen: where the digest has less than half of the order's bytes, as SHA-256 with P-521 and SHA-1 with P-384, Deno's verify() answers false
# for right signatures, without an error, and its sign() throws. Node and Bun verify and sign with all pairs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true }' > package.json
npm install --silent --no-audit --no-fund deno@2.9.6 bun@1.4.5 node@24.21.0 > /dev/null 2>&1
cat > signatures.mjs << 'JS'
import { generateKeyPairSync, sign } from 'node:crypto';
const pairs = [];
for (const curve of ['secp224r1', 'prime256v1', 'secp384r1', 'secp521r1']) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: curve });
  for (const hash of ['sha1', 'sha224', 'sha256', 'sha384', 'sha512']) {
    pairs.push({
      name: `${curve} ${hash}`,
      hash,
      signature: sign(hash, Buffer.from('a message'), privateKey).toString('base64'),
      privateKey: privateKey.export({ format: 'pem', type: 'pkcs8' }),
      publicKey: publicKey.export({ format: 'pem', type: 'spki' }),
    });
  }
}
console.log(JSON.stringify(pairs));
JS
cat > ecdsa.mjs << 'JS'
import { Buffer } from 'node:buffer';
import { sign, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
const message = Buffer.from('a message');
const seen = { refused: [], unsigned: [] };
for (const { name, hash, signature, privateKey, publicKey } of JSON.parse(readFileSync('signatures.json', 'utf8'))) {
  if (verify(hash, message, publicKey, Buffer.from(signature, 'base64')) === false) seen.refused.push(name);
  try {
    sign(hash, message, privateKey);
  } catch {
    seen.unsigned.push(name);
  }
}
console.log(`right signatures refused: ${seen.refused.join(', ') || 'none'}; not signed: ${seen.unsigned.join(', ') || 'none'}`);
JS
node_modules/node/bin/node signatures.mjs > signatures.json
short='secp384r1 sha1, secp521r1 sha1, secp521r1 sha224, secp521r1 sha256'
changed=0
check() {
  local seen
  seen=$("${@:3}" ecdsa.mjs)
  echo "$1: $seen"
  if [ "$seen" != "right signatures refused: $2; not signed: $2" ]; then changed=1; fi
}
check 'Node 24.21.0' none node_modules/node/bin/node
check 'Bun 1.4.5' none node_modules/.bin/bun
check 'Deno 2.9.6' "$short" node_modules/.bin/deno run --allow-all
exit "$changed"
