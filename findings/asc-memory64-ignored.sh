#!/usr/bin/env bash
# assemblyscript 0.28.20.
# Expected: a feature that the compiler lists for --enable is used, or refused.
# Seen: asc takes --enable memory64 without a word, and makes the same module with 32-bit addresses: usize has 4 bytes, and the memory takes
# 32-bit addresses. An unknown feature is refused.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true }' > package.json
npm install --silent --no-audit --no-fund assemblyscript@0.28.20 > /dev/null 2>&1
echo 'export function bytesOfAddress(): i32 { return sizeof<usize>(); }' > module.ts
npx asc module.ts --runtime stub --enable memory64 -o wide.wasm -t wide.wat
npx asc module.ts --runtime stub -o plain.wasm
node -e "
const { readFileSync } = require('node:fs');
const { exports } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync('wide.wasm')));
const same = readFileSync('wide.wasm').equals(readFileSync('plain.wasm'));
console.log('usize with --enable memory64:', exports.bytesOfAddress(), 'bytes; the module is', same ? 'the same as without' : 'another one');
process.exitCode = exports.bytesOfAddress() === 4 && same ? 0 : 1;
"
if npx asc module.ts --runtime stub --enable memory65 -o none.wasm > unknown.txt 2>&1; then
  echo 'an unknown feature is taken, too'
  exit 1
fi
echo "an unknown feature: $(grep -m 1 . unknown.txt)"
