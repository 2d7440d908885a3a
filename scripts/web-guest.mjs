// Puts the guest's files where the page is served from: `node scripts/web-guest.mjs [--booted]`, after `npm run build`.
// With --booted it also boots the guest here and keeps its state, so that a visitor goes on from there in seconds. A state
// that was kept before is left in place while the guest is the same.
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { startMachine, waitForShell } from '../dist/src/cli/machine.js';
import { ENGINE_DEFLATED } from '../dist/src/engine/binary.js';
import { buildGuest } from '../dist/src/guest/index.js';
import { packState } from '../dist/src/machine/state_file.js';

const folder = fileURLToPath(new URL('../build/web-public/', import.meta.url));
const guestFolder = `${folder}guest/`;
const booted = process.argv.includes('--booted');

let stage;
const image = await buildGuest({
  onProgress: (event) => {
    if (event.stage === 'warning') console.error(event.message);
    else if (event.stage !== stage && event.stage !== 'verify-cache' && event.stage !== 'done')
      console.log(`Guest: ${event.stage}`);
    stage = event.stage;
  },
});
// A state is of one guest and of one engine.
const engine = createHash('sha256').update(ENGINE_DEFLATED).digest('hex');
const initrd = createHash('sha256')
  .update(await readFile(image.initrd))
  .digest('hex');
const identity = JSON.stringify([image.kernelVersion, image.packages, initrd, engine]);
const before = await readFile(`${guestFolder}manifest.json`, 'utf8').then(JSON.parse, () => undefined);
const same = before?.identity === identity;

await mkdir(guestFolder, { recursive: true });
const FILES = { kernel: 'kernel.img', initrd: 'initrd.img', bios: 'bios.img', vgaBios: 'vgabios.img' };
const files = {};
for (const [name, file] of Object.entries(FILES)) {
  await copyFile(image[name], guestFolder + file);
  files[name] = { file, bytes: (await stat(image[name])).size };
}
if (!same) await rm(`${guestFolder}booted.state`, { force: true });
if (booted && !(same && before.files.booted)) {
  console.log('Booting the guest, to keep its state');
  files.booted = await keepBootedState();
} else if (same && before.files.booted) {
  files.booted = before.files.booted;
}
await writeFile(
  `${guestFolder}manifest.json`,
  `${JSON.stringify({ identity, kernelVersion: image.kernelVersion, files }, undefined, 2)}\n`,
);
// Netlify, Cloudflare Pages and others read the headers of a static site from this file.
const headers = JSON.parse(await readFile(new URL('../web/headers.json', import.meta.url), 'utf8'));
const lines = Object.entries(headers).map(([name, value]) => `  ${name}: ${value}\n`);
await writeFile(`${folder}_headers`, `/*\n${lines.join('')}`);
const total = Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0);
console.log(`The guest is in build/web-public/guest: Linux ${image.kernelVersion}, ${(total / 1e6).toFixed(1)} MB`);

async function keepBootedState() {
  const config = { memoryMiB: 128, dataQueues: 1, queueSize: 1024, features: {} };
  const { memoryMiB, ...device } = config;
  const machine = await startMachine({ files: image, memoryMiB, device });
  try {
    await waitForShell(machine);
    await machine.sideConsole.waitFor(/guest# /);
    await machine.sideConsole.run('echo 3 > /proc/sys/vm/drop_caches');
    const packed = await packState(config, await machine.save());
    await writeFile(`${guestFolder}booted.state`, packed);
    return { file: 'booted.state', bytes: packed.length };
  } finally {
    await machine.stop();
  }
}
