#!/usr/bin/env bash
# koffi.node.poll() of koffi 3.3.4: a handler settles a promise that other code waits for, and nothing else happens in the process.
# Expected: what waits goes on as soon as the handler has returned, as after each callback of Node's own (timers, sockets, fs.watch()).
# Seen in Node 20.19, 22.21 and 24.11: it does. In Node 26.10 it waits until anything else happens, here a timer one second later: the handler is
# called without Node's callback scope, so neither process.nextTick() nor microtasks run after it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund koffi@3.3.4 > /dev/null 2>&1
cat > poll.mjs << 'JS'
import { readSync, writeSync } from 'node:fs';
import koffi from 'koffi';
const eventfd = koffi.load(null).func('int eventfd(unsigned int, int)');
const NONBLOCK = 0o4000;
const event = eventfd(0, NONBLOCK);
const passed = [];
const handled = new Promise((resolve) => {
  const handle = koffi.node.poll(event, { readable: true }, () => {
    readSync(event, new Uint8Array(8));
    handle.stop();
    passed.push('handler');
    resolve();
  });
});
void handled.then(() => passed.push('promise'));
setTimeout(() => writeSync(event, Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0)), 100);
setTimeout(() => {
  passed.push('timer');
  setImmediate(() => {
    console.log(passed.join(' '));
    process.exit();
  });
}, 1100);
JS
status=0
for release in 20.19.0 22.21.1 24.11.1 26.10.0; do
  seen=$(npm exec --yes --package="node@$release" -- node poll.mjs 2> /dev/null)
  echo "koffi 3.3.4, Node $release: $seen"
  case "$release" in
    20.* | 22.* | 24.*) [ "$seen" = 'handler promise timer' ] || status=1 ;;
    *) [ "$seen" = 'handler timer promise' ] || status=1 ;;
  esac
done
[ "$status" = 0 ] || { echo 'changed'; exit 1; }
