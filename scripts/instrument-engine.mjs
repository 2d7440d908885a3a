// Writes build/engine.coverage.wasm: the engine, with one bit for each arm of a branch and each loop, which is set when the engine
// gets there. The bits stand in exported globals coverage0, coverage1, ...: WebAssembly has no other memory than the guest's.
import { readFileSync, writeFileSync } from 'node:fs';
import binaryen from 'binaryen';

const binary = new URL('../build/engine.wasm', import.meta.url);
const instrumented = new URL('../build/engine.coverage.wasm', import.meta.url);
const BITS = 32;

const module = binaryen.readBinary(readFileSync(binary));
module.setFeatures(binaryen.Features.All);
let places = 0;
/** Sets the next bit. */
function mark() {
  const name = `$coverage${Math.floor(places / BITS)}`;
  const bit = 1 << (places++ % BITS);
  return `(global.set ${name} (i32.or (global.get ${name}) (i32.const ${bit})))`;
}

const lines = [];
/** Indentations of the conditional branches that are open: the mark stands behind them. */
const branches = [];
for (const line of module.emitText().split('\n')) {
  lines.push(line);
  const indent = line.search(/\S/);
  if (/^\s*\((then|else|loop)\b/.test(line)) lines.push(mark());
  else if (/^\s*\(br_if\b/.test(line)) branches.push(indent);
  else if (branches.at(-1) === indent && line.trim() === ')') {
    branches.pop();
    lines.push(mark());
  }
}
const words = Math.ceil(places / BITS);
const globals = Array.from(
  { length: words },
  (_, i) => ` (global $coverage${i} (mut i32) (i32.const 0))\n (export "coverage${i}" (global $coverage${i}))`,
);
// Exports and globals may stand behind the functions, in front of the parenthesis that closes the module.
const end = lines.lastIndexOf(')');
const text = [...lines.slice(0, end), ...globals, ')'].join('\n');
module.dispose();

const marked = binaryen.parseText(text);
marked.setFeatures(binaryen.Features.All);
if (!marked.validate()) process.exit(1);
writeFileSync(instrumented, marked.emitBinary());
console.error(`${places} places, ${words} words`);
