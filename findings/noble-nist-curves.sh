#!/usr/bin/env bash
# @noble/curves 2.4.0, ECDSA on the NIST curves.
# Expected by readers of FIPS 186-5 and RFC 6979: s as it comes out, which is above n/2 half of the time; and all five prime curves.
# Seen: P-256, P-384 and P-521 sign with low S by default (none of 64 signatures above n/2; with lowS: false about half), as is usual
# for secp256k1 alone; P-192 and P-224 are not there.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
npm install --silent --no-audit --no-fund @noble/curves@2.4.0 > /dev/null 2>&1
cat > curves.mjs << 'JS'
import * as nist from '@noble/curves/nist.js';
const high = (curve, options) => {
  const { n } = curve.Point.CURVE();
  const key = new Uint8Array(curve.lengths.secretKey).fill(1);
  let count = 0;
  for (let i = 0; i < 64; i++) {
    const { s } = curve.Signature.fromBytes(curve.sign(Uint8Array.of(i), key, options));
    if (s > n / 2n) count++;
  }
  return count;
};
let changed = false;
for (const name of ['p256', 'p384', 'p521']) {
  const [byDefault, plain] = [high(nist[name]), high(nist[name], { lowS: false })];
  console.log(`${name}: ${byDefault} of 64 signatures have s above n/2 by default, ${plain} with lowS: false`);
  changed ||= byDefault !== 0 || plain < 16 || plain > 48;
}
for (const name of ['p192', 'p224']) {
  console.log(`${name}: ${name in nist ? 'there' : 'missing'}`);
  changed ||= name in nist;
}
process.exitCode = changed ? 1 : 0;
JS
node curves.mjs
