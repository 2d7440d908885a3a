#!/usr/bin/env bash
# jsrsasign 11.1.5, jsencrypt 3.5.4, node-rsa 2.0.0 (its build for browsers); beside them node-forge 1.4.3, node:crypto.
# Expected by readers of RFC 8017 (8.2): a modulus may have any number of bits; a signature has as many octets as the modulus needs.
# Seen, with PKCS#1 v1.5 and 1 to 4 bits more than whole octets: jsrsasign writes a signature with an odd number of hexadecimal digits, and
# refuses the right one of whole octets; jsencrypt makes base64 of the odd digits, which shifts all by four bits, but takes the right one.
# With 1 bit more, node-rsa takes no right signature, and its own are wrong or end with an exception. node-forge agrees with node:crypto.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts jsrsasign@11.1.5 jsencrypt@3.5.4 node-rsa@2.0.0 node-forge@1.4.3 > /dev/null 2>&1
cat > moduli.mjs << 'JS'
import { createHash, generateKeyPairSync, sign, verify } from 'node:crypto';
import { KJUR } from 'jsrsasign';
import forge from 'node-forge';
import JSEncrypt from './node_modules/jsencrypt/bin/jsencrypt.js';
import { NodeRSA } from './node_modules/node-rsa/dist/index.browser.js';

const TEXT = 'a message';
const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const attempt = (action) => {
  try {
    return action();
  } catch {
    return false;
  }
};
const bytesOf = (hex) => (hex.length % 2 ? undefined : Buffer.from(hex, 'hex'));
const forgeDigest = () => forge.md.sha256.create().update(TEXT);
// Each library signs with the private key, and looks at a signature that node:crypto has made.
const libraries = {
  jsrsasign: {
    sign: ({ pkcs8 }) => {
      const signature = new KJUR.crypto.Signature({ alg: 'SHA256withRSA' });
      signature.init(pkcs8);
      signature.updateString(TEXT);
      return bytesOf(signature.sign());
    },
    verify: ({ spki }, right) => {
      const signature = new KJUR.crypto.Signature({ alg: 'SHA256withRSA' });
      signature.init(spki);
      signature.updateString(TEXT);
      return signature.verify(right.toString('hex'));
    },
  },
  jsencrypt: {
    sign: ({ pkcs8 }) => {
      const key = new JSEncrypt();
      key.setPrivateKey(pkcs8);
      return Buffer.from(key.sign(TEXT, sha256, 'sha256'), 'base64');
    },
    verify: ({ spki }, right) => {
      const key = new JSEncrypt();
      key.setPublicKey(spki);
      return key.verify(TEXT, right.toString('base64'), sha256);
    },
  },
  'node-rsa': {
    sign: ({ pkcs8 }) => Buffer.from(new NodeRSA(pkcs8, { signingScheme: 'pkcs1-sha256' }).sign(TEXT)),
    verify: ({ spki }, right) => new NodeRSA(spki, { signingScheme: 'pkcs1-sha256' }).verify(TEXT, right),
  },
  'node-forge': {
    sign: ({ pkcs8 }) => Buffer.from(forge.pki.privateKeyFromPem(pkcs8).sign(forgeDigest()), 'binary'),
    verify: ({ spki }, right) =>
      forge.pki.publicKeyFromPem(spki).verify(forgeDigest().digest().bytes(), right.toString('binary')),
  },
};
const wrong = {
  jsrsasign: { sign: [1, 2, 3, 4], verify: [1, 2, 3, 4] },
  jsencrypt: { sign: [1, 2, 3, 4], verify: [] },
  'node-rsa': { sign: [1], verify: [1] },
  'node-forge': { sign: [], verify: [] },
};
const seen = Object.fromEntries(Object.keys(wrong).map((name) => [name, { sign: [], verify: [] }]));
for (let more = 0; more < 8; more++) {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 + more });
  const keys = {
    pkcs8: privateKey.export({ format: 'pem', type: 'pkcs8' }),
    spki: publicKey.export({ format: 'pem', type: 'spki' }),
  };
  const right = sign('sha256', TEXT, privateKey);
  for (const [name, library] of Object.entries(libraries)) {
    const made = attempt(() => library.sign(keys));
    if (!made || !made.equals(right)) seen[name].sign.push(more);
    if (!attempt(() => library.verify(keys, right))) seen[name].verify.push(more);
  }
  if (!verify('sha256', TEXT, publicKey, right)) throw new Error('node:crypto refuses its own signature');
}
const bits = (list) => (list.length === 0 ? 'none' : list.map((more) => 1024 + more).join(', '));
let changed = false;
for (const [name, { sign: signs, verify: verifies }] of Object.entries(seen)) {
  console.log(`${name}, bits of moduli: wrong signatures ${bits(signs)}; right signatures refused ${bits(verifies)}`);
  changed ||= JSON.stringify(seen[name]) !== JSON.stringify(wrong[name]);
}
process.exitCode = changed ? 1 : 0;
JS
node moduli.mjs
