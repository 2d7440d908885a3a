// Puts the guest's files where the page is served from: `node scripts/web-guest.mjs [--booted] [--tls] [--to FOLDER]`, after `npm run build`.
// With --booted it also boots the guest here and keeps its state, so that a visitor goes on from there in seconds. A state
// that was kept before is left in place while the guest is the same. With --tls the guest has OpenSSL over the device, and the page's TLS
// experiment; this needs Debian's cross compiler, which is downloaded (docs/guest-tls.md). Without the compiler the guest is the plain one.
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startMachine, waitForShell } from '../dist/src/cli/machine.js';
import { ENGINE_DEFLATED } from '../dist/src/engine/binary.js';
import { buildGuest, buildTlsGuest } from '../dist/src/guest/index.js';
import { packState } from '../dist/src/machine/state_file.js';

const { values: options } = parseArgs({
  options: {
    booted: { type: 'boolean', default: false },
    tls: { type: 'boolean', default: false },
    to: { type: 'string', default: fileURLToPath(new URL('../build/web-public', import.meta.url)) },
  },
});
const folder = `${resolve(options.to)}/`;
const guestFolder = `${folder}guest/`;
const { booted } = options;

let stage;
const onProgress = (event) => {
  if (event.stage === 'warning') console.error(event.message);
  else if (event.stage !== stage && event.stage !== 'verify-cache' && event.stage !== 'done')
    console.log(`Guest: ${event.stage}`);
  stage = event.stage;
};
const { image, tls } = options.tls
  ? await buildTlsGuest({ onProgress }, console.error)
  : { image: await buildGuest({ onProgress }), tls: false };
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
  `${JSON.stringify({ identity, kernelVersion: image.kernelVersion, tls, files }, undefined, 2)}\n`,
);
// Netlify, Cloudflare Pages and others read the headers of a static site from this file.
const headers = JSON.parse(await readFile(new URL('../web/headers.json', import.meta.url), 'utf8'));
const lines = Object.entries(headers).map(([name, value]) => `  ${name}: ${value}\n`);
await writeFile(`${folder}_headers`, `/*\n${lines.join('')}`);
const total = Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0);
const withTls = tls ? ' with OpenSSL over the device' : '';
console.log(`The guest is in ${guestFolder}: Linux ${image.kernelVersion}${withTls}, ${(total / 1e6).toFixed(1)} MB`);

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
