// How fast the device is in a guest of QEMU 10.0 under TCG, beside QEMU's own device: two machines, which take turns.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveVhostUser } from '../../../src/vhost-user/index.ts';
import { buildQemuGuest } from '../../qemu/guest.ts';
import { debianQemu, type Road } from '../../qemu/qemu.ts';

const { ROUNDS = '10', BACKEND = 'auto' } = process.env;
const BYTES = 4096;
const MILLISECONDS = 1000;
const SCRIPT = `
echo 'guest: ready'
while read -r depth; do af_alg_speed virtio_crypto_aes_cbc ${BYTES} $depth ${MILLISECONDS}; done
poweroff -f
`;

/** A guest that measures when it is told to. */
class Guest {
  readonly #process: ChildProcess;
  #lines: string[] = [];
  #rest = '';
  #wake: () => void = () => {};

  constructor(program: string, args: readonly string[], env: Record<string, string>) {
    this.#process = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#process.stdout?.setEncoding('latin1').on('data', (text: string) => {
      const lines = (this.#rest + text).split(/\r?\n/);
      this.#rest = lines.pop() ?? '';
      this.#lines.push(...lines.filter((line) => line.startsWith('guest: ')));
      this.#wake();
    });
  }

  /** Waits for a line with this text, and returns it. */
  async says(text: string): Promise<string> {
    for (;;) {
      const found = this.#lines.find((line) => line.includes(text));
      if (found !== undefined) {
        this.#lines = [];
        return found;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Microseconds a request, with some requests in flight. */
  async measure(depth: number): Promise<number> {
    this.#process.stdin?.write(`${depth}\n`);
    return Number((await this.says('in flight')).split(' ').at(-1));
  }

  async stop(): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
  }
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

const folder = await mkdtemp(join(tmpdir(), 'qemu-figures-'));
const socket = join(folder, 's');
const server = await serveVhostUser({ socket, backend: BACKEND as 'auto' | 'inline' });
const qemu = await debianQemu('10.0');
const guest = await buildQemuGuest(folder, '6.12', { script: SCRIPT });
const machine = async (road: Road) => {
  const append = 'console=ttyS0 quiet mitigations=off tsc=reliable no_timer_check';
  const boot = ['-serial', 'stdio', '-kernel', guest.kernel, '-initrd', guest.initrd, '-append', append];
  const made = new Guest(qemu.program, [...qemu.args(socket, road), ...boot], qemu.env);
  await made.says('ready');
  return made;
};
const guests = { builtin: await machine('builtin'), daemon: await machine('sessions') };
try {
  for (const depth of [1, 64]) {
    const ratios: number[] = [];
    const times: { builtin: number[]; daemon: number[] } = { builtin: [], daemon: [] };
    for (let round = 0; round < Number(ROUNDS); round++) {
      const [builtin, daemon] = [await guests.builtin.measure(depth), await guests.daemon.measure(depth)];
      times.builtin.push(builtin);
      times.daemon.push(daemon);
      ratios.push(daemon / builtin);
    }
    const { builtin, daemon } = times;
    console.log(
      `${BYTES} bytes, ${depth} in flight: builtin ${median(builtin).toFixed(0)} µs, daemon ${median(daemon).toFixed(0)} µs (${BACKEND}), ` +
        `daemon's time / builtin's: median ${median(ratios).toFixed(2)}, of the best rounds ${(Math.min(...daemon) / Math.min(...builtin)).toFixed(2)}`,
    );
  }
} finally {
  await guests.builtin.stop();
  await guests.daemon.stop();
  server.close();
  await rm(folder, { recursive: true, force: true });
}
