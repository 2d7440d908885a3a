#!/usr/bin/env bash
# node-forge 1.4.3, jsrsasign 11.1.5, beside node:crypto.
# Expected by readers of RFC 8017 (9.1) and FIPS 186-5: a salt of RSA-PSS may be empty, and makes signatures that are always the same,
# which tests like.
# Seen: both sign so, and node:crypto takes it; but both refuse every such signature, their own ones too. With a salt of 1, 20 or 32
# bytes they take them. Both cut the salt off a string by a negative position: minus zero is its beginning, so the salt is all of it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts node-forge@1.4.3 jsrsasign@11.1.5 > /dev/null 2>&1
cat > pss.mjs << 'JS'
import { constants, generateKeyPairSync, sign, verify } from 'node:crypto';
import { KJUR } from 'jsrsasign';
import forge from 'node-forge';

const TEXT = 'a message';
const padding = constants.RSA_PKCS1_PSS_PADDING;
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pkcs8 = privateKey.export({ format: 'pem', type: 'pkcs8' });
const spki = publicKey.export({ format: 'pem', type: 'spki' });
const digest = () => forge.md.sha256.create().update(TEXT);
const scheme = (saltLength) =>
  forge.pss.create({ md: forge.md.sha256.create(), mgf: forge.mgf.mgf1.create(forge.md.sha256.create()), saltLength });
const jsrsasign = (key, saltLength) => {
  const signature = new KJUR.crypto.Signature({ alg: 'SHA256withRSAandMGF1', psssaltlen: saltLength });
  signature.init(key);
  signature.updateString(TEXT);
  return signature;
};
const libraries = {
  'node-forge': {
    sign: (saltLength) => Buffer.from(forge.pki.privateKeyFromPem(pkcs8).sign(digest(), scheme(saltLength)), 'binary'),
    verify: (made, saltLength) =>
      forge.pki.publicKeyFromPem(spki).verify(digest().digest().bytes(), made.toString('binary'), scheme(saltLength)),
  },
  jsrsasign: {
    sign: (saltLength) => Buffer.from(jsrsasign(pkcs8, saltLength).sign(), 'hex'),
    verify: (made, saltLength) => jsrsasign(spki, saltLength).verify(made.toString('hex')),
  },
};
let changed = false;
for (const [name, library] of Object.entries(libraries)) {
  for (const saltLength of [0, 1, 20, 32]) {
    const own = library.sign(saltLength);
    const others = sign('sha256', TEXT, { key: privateKey, padding, saltLength });
    const valid = verify('sha256', TEXT, { key: publicKey, padding, saltLength }, own);
    const takes = [own, others].map((signature) => library.verify(signature, saltLength) === true);
    console.log(`${name}, salt of ${saltLength} bytes: its signature is ${valid ? 'valid' : 'not valid'}; ` +
      `it ${takes[0] ? 'takes' : 'refuses'} its own, and ${takes[1] ? 'takes' : 'refuses'} that of node:crypto`);
    changed ||= !valid || takes.some((taken) => taken !== saltLength > 0);
  }
}
process.exitCode = changed ? 1 : 0;
JS
node pss.mjs
