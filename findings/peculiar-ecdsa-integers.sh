#!/usr/bin/env bash
# @peculiar/asn1-ecc 2.11.1 with @peculiar/asn1-schema 2.11.1, beside node:crypto.
# Expected by readers of SEC 1 (C.8) and RFC 3279: r and s become INTEGERs of DER, so a value whose first bit is set gets a zero octet in
# front, and leading zero octets go.
# Seen: ECDSASigValue writes the octets of r and s as they are. Half of all r and s become negative numbers, small ones get octets too many,
# and node:crypto refuses such signatures.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
npm install --silent --no-audit --no-fund @peculiar/asn1-ecc@2.11.1 @peculiar/asn1-schema@2.11.1 > /dev/null 2>&1
cat > signature.mjs << 'JS'
import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { ECDSASigValue } from '@peculiar/asn1-ecc';
import { AsnConvert } from '@peculiar/asn1-schema';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const seen = { plain: [0, 0], high: [0, 0] };
for (let i = 0; i < 200; i++) {
  const message = Buffer.from(`message ${i}`);
  const both = new Uint8Array(sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' }));
  const value = new ECDSASigValue();
  value.r = both.slice(0, 32).buffer;
  value.s = both.slice(32).buffer;
  const der = Buffer.from(AsnConvert.serialize(value));
  const kind = (both[0] | both[32]) & 0x80 ? 'high' : 'plain';
  seen[kind][verify('sha256', message, publicKey, der) ? 0 : 1]++;
}
console.log(`r and s below 2^255: ${seen.plain[0]} signatures accepted, ${seen.plain[1]} refused`);
console.log(`r or s from 2^255 on: ${seen.high[0]} signatures accepted, ${seen.high[1]} refused`);
process.exitCode = seen.high[1] > 0 && seen.high[0] === 0 && seen.plain[0] > 0 ? 0 : 1;
JS
node signature.mjs
