import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const SCRIPT = fileURLToPath(new URL('../../scripts/web-guest.mjs', import.meta.url));

/**
 * Boots the guest, and keeps its state in build/web-public/guest: the page goes on from there, and so do the suites that need a guest
 * and not its boot. A state that is there already stays while the guest and the engine are the same.
 */
export async function setup(): Promise<void> {
  await promisify(execFile)(process.execPath, [SCRIPT, '--booted']);
}
