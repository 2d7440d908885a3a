#!/usr/bin/env bash
# koffi.node.poll() of koffi 3.3.4, whose answer is not kept: two eventfds are waited for, and both are signalled after a garbage collection.
# Expected: both handlers run, as with fs.watch() and timers of Node, which keep themselves alive until they are closed.
# Seen: the handler whose PollHandle was kept runs. The other one was collected, and is never called again, without an error.
# An exception that a handler throws is lost, too: no 'uncaughtException', and the process ends with status 0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund koffi@3.3.4 > /dev/null 2>&1
cat > poll.mjs << 'JS'
import { writeSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import koffi from 'koffi';
const eventfd = koffi.load(null).func('int eventfd(unsigned int, int)');
const NONBLOCK = 0o4000;
const one = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);
const heard = { kept: false, dropped: false, exception: false };
process.on('uncaughtException', () => (heard.exception = true));
const [first, second] = [eventfd(0, NONBLOCK), eventfd(0, NONBLOCK)];
const kept = koffi.node.poll(first, { readable: true }, () => {
  heard.kept = true;
  kept.stop();
  throw new Error('of a handler');
});
koffi.node.poll(second, { readable: true }, () => (heard.dropped = true));
await setTimeout(50);
for (let times = 0; times < 5; times++) globalThis.gc();
await setTimeout(50);
for (const descriptor of [first, second]) writeSync(descriptor, one);
await setTimeout(200);
console.log(`kept ${heard.kept}, dropped ${heard.dropped}, exception ${heard.exception}`);
kept.close();
JS
seen=$(node --expose-gc poll.mjs)
echo "koffi 3.3.4, Node $(node --version): $seen"
[ "$seen" = 'kept true, dropped false, exception false' ] || { echo 'changed'; exit 1; }
