// A process of its own that takes over a saved machine, waits until the work that was under way in it is done, and tells
// its parent what came of it. It runs the built library, as a user would.
import { readFile } from 'node:fs/promises';
import { startMachine } from '../../dist/src/cli/machine.js';

const [, , statePath, image, memoryMiB] = process.argv;
const bytes = await readFile(statePath);
const state = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
const machine = await startMachine({ files: JSON.parse(image), memoryMiB: Number(memoryMiB), state });
const run = async (command) => (await machine.console.run(command, { timeoutMs: 200_000 })).output;
// The console answers only once the restored machine runs.
await run('true');
const sessionsAtStart = machine.device.sessionCount;
const output = await run('while [ ! -e /tmp/done ]; do sleep 0.2; done; cat /tmp/done');
process.send({
  sessionsAtStart,
  sessionsAtEnd: machine.device.sessionCount,
  requests: machine.device.requests(0),
  digest: output.trim().split(' ')[0],
});
await machine.stop();
process.disconnect();
