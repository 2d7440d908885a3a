import type { Remote } from 'comlink';
import v86Url from 'v86/build/v86.wasm?url';
import * as virtio from '../../../spec/virtio.ts';
import type { CommandResult } from '../../../src/guest/console.ts';
import { buildMachine, type Machine, type MachineImages } from '../../../src/machine/machine.ts';
import { waitForShell } from '../../../src/machine/shell.ts';
import { type MachineConfig, packState, type SavedMachine, unpackState } from '../../../src/machine/state_file.ts';
import { DeviceTracer, GuestView, ringSnapshot, type TracedRequest } from '../../../src/trace/index.ts';
import { DriverWatch } from './driver_watch.ts';
import { download, guestManifest } from './images.ts';
import { PageWorker } from './page_worker.ts';
import type { PageWorkers } from './page_workers.ts';
import type { BackendChoice, VmApi, VmEvent, VmStart, VmView } from './protocol.ts';

/** The most requests of a complete trace. Each request takes some kilobytes. */
const RECORDED_MAX = 20_000;
const SERIAL_INTERVAL_MS = 16;
const STAGE_INTERVAL_MS = 200;
/** Shows the kernel's messages, so that a visitor sees the boot. init silences them before the shell listens. */
const WITH_MESSAGES = 'loglevel=7';

const FEATURE_NAMES = Object.entries(virtio)
  .filter(([name]) => name.startsWith('F_'))
  .map(([name, bit]) => [`VIRTIO_${name}`, BigInt(bit)] as const);

/** The machine, in a worker of its own. */
export class VmHost implements VmApi {
  #machine: Machine | undefined;
  #config: MachineConfig | undefined;
  #tracer: DeviceTracer | undefined;
  #driver: DriverWatch | undefined;
  #watched = false;
  #recording = false;
  #onEvent: (event: VmEvent) => void = () => {};
  #serial: number[] = [];

  async boot(start: VmStart, onEvent: (event: VmEvent) => void, workers: Remote<PageWorkers>): Promise<void> {
    this.#onEvent = onEvent;
    await Promise.race([this.#boot(start, onEvent, workers), unhandled()]);
  }

  async #boot(start: VmStart, onEvent: (event: VmEvent) => void, workers: Remote<PageWorkers>): Promise<void> {
    const { config, state, images } = await this.#gather(start);
    this.#config = config;
    onEvent({ kind: 'config', config });
    onEvent({ kind: 'stage', stage: 'machine' });
    const { memoryMiB, ...device } = config;
    const driver = await DriverWatch.open();
    this.#driver = driver;
    const machine = await buildMachine({
      images,
      v86: new URL(v86Url, start.base).href,
      memoryMiB,
      append: WITH_MESSAGES,
      device: {
        ...device,
        ...start.backend,
        createDevice: driver.createDevice,
        createWorker: () => new PageWorker(workers),
        onBackendEvent: ({ message }) => onEvent({ kind: 'backend', message }),
      },
      ...(state ? { state } : {}),
      ...(images.kernel ? {} : { onReboot: () => onEvent({ kind: 'reboot' }) }),
    });
    this.#machine = machine;
    machine.onByte((byte) => this.#takeSerial(byte));
    onEvent({ kind: 'stage', stage: 'kernel' });
    if (state) {
      // The shell printed its prompt before the state was saved, so it has to print one again.
      machine.send('\n');
      await machine.sideConsole.run('true');
    } else {
      await this.#untilShell(machine);
    }
    onEvent({ kind: 'stage', stage: 'shell' });
  }

  type(text: string): void {
    this.#machine?.send(text);
  }

  run(command: string, timeoutMs: number): Promise<CommandResult> {
    return this.#running.sideConsole.run(command, { timeoutMs });
  }

  async useBackend(choice: BackendChoice): Promise<void> {
    await this.#running.device.useBackend(choice);
  }

  async pause(): Promise<void> {
    await this.#running.pause();
  }

  async resume(): Promise<void> {
    await this.#running.resume();
  }

  async end(): Promise<void> {
    await this.#machine?.stop();
  }

  async save(): Promise<Uint8Array<ArrayBuffer>> {
    const machine = this.#running;
    if (!this.#config) throw new Error('The machine has not been started.');
    // A saved state has no place for held requests.
    this.#tracer?.release();
    return packState(this.#config, await machine.save());
  }

  watch(on: boolean): void {
    this.#watched = on;
    if (on) this.#trace();
    else this.#endTrace();
  }

  look(since: number): VmView {
    const { device } = this.#running;
    const tracer = this.#tracer;
    const { queues, elsewhere, costs } = device.statistics();
    return {
      rings: device.queues.map((_, index) => ringSnapshot(device, index)),
      sessions: tracer?.sessions() ?? [],
      counters: queues,
      elsewhere,
      costs,
      backend: { backend: device.backend.backend, workers: device.backend.workers },
      requests: tracer?.requestsSince(since).slice(-BACKLOG).slice(0, REQUESTS_A_LOOK) ?? [],
      latest: tracer?.requestsSince(0).at(-1)?.serial ?? 0,
      holding: tracer?.holding ?? false,
      waiting: this.#waiting(),
      recording: this.#recording,
      violations: this.#driver?.seen ?? [],
      status: device.status,
      fault: device.fault?.message,
      features: FEATURE_NAMES.filter(([, bit]) => (device.driverFeatures >> bit) & 1n).map(([name]) => name),
    };
  }

  keyOf(session: string): string | undefined {
    return this.#running.device.sessions().find(({ id }) => id === session)?.key ?? undefined;
  }

  hold(): void {
    this.#trace().hold();
  }

  step(queue: number): boolean {
    return this.#tracer?.step(queue) ?? false;
  }

  release(): void {
    this.#tracer?.release();
    this.#endTrace();
  }

  tamper(queue: number, offset: number, bytes: Uint8Array): boolean {
    const { device } = this.#running;
    const header = this.#tracer?.waiting(queue)?.buffers.find(({ writable }) => !writable);
    if (!header || offset + bytes.length > header.bytes) return false;
    return new GuestView(device.guest).write(header.address + offset, bytes);
  }

  startRecording(): void {
    this.#tracer?.detach();
    this.#recording = true;
    this.#tracer = new DeviceTracer(this.#running.device, { kept: RECORDED_MAX, perSecond: Number.POSITIVE_INFINITY });
  }

  stopRecording(): TracedRequest[] {
    const requests = this.#tracer?.requestsSince(0) ?? [];
    this.#recording = false;
    this.#tracer?.detach();
    this.#tracer = undefined;
    if (this.#watched) this.#trace();
    return requests;
  }

  #waiting(): TracedRequest[] {
    const tracer = this.#tracer;
    if (!tracer?.holding) return [];
    const queues = Array.from({ length: this.#running.device.options.dataQueues }, (_, queue) => queue);
    return queues.map((queue) => tracer.waitingRequest(queue)).filter((request) => request !== undefined);
  }

  get #running(): Machine {
    if (!this.#machine) throw new Error('The machine has not been started.');
    return this.#machine;
  }

  #trace(): DeviceTracer {
    this.#tracer ??= new DeviceTracer(this.#running.device, { perSecond: WATCHED_A_SECOND });
    return this.#tracer;
  }

  /** Detaches the tracer, unless the page still watches, records or holds requests. */
  #endTrace(): void {
    if (this.#watched || this.#recording || this.#tracer?.holding) return;
    this.#tracer?.detach();
    this.#tracer = undefined;
  }

  async #gather(start: VmStart): Promise<{ config: MachineConfig; state?: ArrayBuffer; images: MachineImages }> {
    this.#onEvent({ kind: 'stage', stage: 'download' });
    const { files } = await guestManifest(start.base);
    const { bios, vgaBios, kernel, initrd, booted } = files;
    const onProgress = (loaded: number, total: number) => this.#onEvent({ kind: 'progress', loaded, total });
    const firmware = { bios, vgaBios };
    const goingOn = ({ config, state }: SavedMachine, got: Record<keyof typeof firmware, Uint8Array<ArrayBuffer>>) => ({
      config,
      state,
      images: { bios: got.bios.buffer, vgaBios: got.vgaBios.buffer },
    });
    if (start.from === 'file') return goingOn(start, await download(start.base, firmware, onProgress));
    if (start.from === 'booted' && booted) {
      const got = await download(start.base, { ...firmware, booted }, onProgress);
      this.#onEvent({ kind: 'stage', stage: 'unpack' });
      return goingOn(await unpackState(got.booted), got);
    }
    const got = await download(start.base, { ...firmware, kernel, initrd }, onProgress);
    const images = {
      bios: got.bios.buffer,
      vgaBios: got.vgaBios.buffer,
      kernel: got.kernel.buffer,
      initrd: got.initrd.buffer,
    };
    return { config: start.config, images };
  }

  /** Waits for the shell. Reports when the guest finds the device, because Linux prints nothing about it. */
  async #untilShell(machine: Machine): Promise<void> {
    const timer = setInterval(() => {
      if (machine.device.status === 0) return;
      clearInterval(timer);
      this.#onEvent({ kind: 'stage', stage: 'device' });
    }, STAGE_INTERVAL_MS);
    try {
      await waitForShell(machine);
      await machine.sideConsole.waitFor(/guest# /);
    } finally {
      clearInterval(timer);
    }
  }

  /** Collects bytes and hands them over about sixty times a second, because thousands may come one by one. */
  #takeSerial(byte: number): void {
    if (this.#serial.push(byte) > 1) return;
    setTimeout(() => {
      this.#onEvent({ kind: 'serial', bytes: Uint8Array.from(this.#serial) });
      this.#serial = [];
    }, SERIAL_INTERVAL_MS);
  }
}

/** Rejects with the next unhandled error, because v86 offers no promise to wait for while it loads its WebAssembly or restores a state. */
function unhandled(): Promise<never> {
  return new Promise((_, reject) => {
    globalThis.addEventListener(
      'unhandledrejection',
      (event) => {
        event.preventDefault();
        reject(event.reason);
      },
      { once: true },
    );
  });
}

/** How many requests the tracer reads in a second of a steady stream: more than are handed over, for bursts. */
const WATCHED_A_SECOND = 100;
/** The most requests of one look. More would slow the page down, and the visitor cannot read them so fast. */
const REQUESTS_A_LOOK = 12;
/** The most requests that wait for the following looks. Older requests are skipped. */
const BACKLOG = 60;
