import { signal } from '@preact/signals';
import { GuestMeasureError, type GuestShell } from '../../../src/guest/measure.ts';
import { measureTransfer, parseTlsSpeed } from '../../../src/guest/tls_speed.ts';
import { figure } from '../ui/format.ts';
import { alive, messageOf, vm } from '../vm/store.ts';
import { Experiment, ExperimentError } from './runner.ts';

export const RECORD_SIZES = [64, 1024, 16384] as const;
export const TRANSFER_MIB = 2;
const ALGORITHM = 'AES-128-GCM';
/** What a slow and busy computer takes for one command. */
const COMMAND_MS = 180_000;

/** Megabytes (10^6 bytes) a second. */
export interface TlsSpeeds {
  software: number;
  device: number;
}

/** The figures so far: records by their size in bytes, and the transfer. */
export interface TlsFigures {
  records: ReadonlyMap<number, TlsSpeeds>;
  transfer?: TlsSpeeds;
}

export const tlsFigures = signal<TlsFigures>({ records: new Map() });

const AGAIN = 'Reset the machine, and run the experiment again.';
const PROGRAMS = 'which openssl evp-check vcrypto-selftest';
const UNLOAD = 'if lsmod | grep -q ^virtio_crypto; then rmmod virtio_crypto; fi';
/** Resets the device, and gives it back to the kernel, as the other experiments expect it. */
const GIVE_BACK =
  'vcrypto-selftest release; cd /sys/bus/pci/devices; for device in *; do grep -q v00001AF4d00001054 $device/modalias && ' +
  'echo $device > /sys/bus/pci/drivers/virtio-pci/bind; done';

/** OpenSSL in the guest: its own code beside the device, in records and in a transfer between two processes. */
export const tls = new Experiment(async (experiment) => {
  tlsFigures.value = { records: new Map() };
  try {
    await freeDevice(experiment);
    await measure(experiment);
  } catch (error) {
    throw error instanceof ExperimentError ? error : interrupted(error);
  }
  conclude(experiment);
});

/** What is to be done after an error that no command of the guest reported: the machine ended, or it does not answer. */
function interrupted(error: unknown): ExperimentError {
  const [cause = ''] = messageOf(error).split('\n');
  return new ExperimentError(`${cause} Start the machine, or reset it, and run the experiment again.`);
}

/** Checks that the guest has OpenSSL over the device, and that the kernel leaves the device to it. */
async function freeDevice(experiment: Experiment): Promise<void> {
  if ((await experiment.run(PROGRAMS, { mayFail: true })).status !== 0) {
    throw new ExperimentError(
      'This machine has no OpenSSL over the device, because it was restored from a file of another guest: switch it off, and start again.',
    );
  }
  if ((await experiment.run(UNLOAD, { mayFail: true })).status !== 0) {
    throw new ExperimentError(
      'A program of the guest uses the kernel’s driver: end the program, or reset the machine, and run the experiment again.',
    );
  }
}

/** Measures all, and gives the device back to the kernel if the machine is still there. */
async function measure(experiment: Experiment): Promise<void> {
  const machine = vm();
  try {
    await testDevice(experiment);
    await measureRecords(experiment);
    await measureWhole(experiment);
  } finally {
    if (alive.value && vm() === machine) await experiment.run(GIVE_BACK, { mayFail: true, quiet: true });
  }
}

/** Checks that the guest's programs find the device, and that it computes rightly. */
async function testDevice(experiment: Experiment): Promise<void> {
  experiment.remark(
    'Linux’s own driver has no GCM, so TLS gains nothing from it. A driver in user space takes the device:',
  );
  const { status, output } = await experiment.run('vcrypto-selftest', { mayFail: true, timeoutMs: COMMAND_MS });
  if (status === 0) return;
  const why = /^no device: (.*)$/m.exec(output)?.[1];
  throw new ExperimentError(
    `${why ? `OpenSSL cannot use the device: ${why}.` : 'The device gave a wrong result.'} ${AGAIN}`,
  );
}

async function measureRecords(experiment: Experiment): Promise<void> {
  experiment.remark(
    `OpenSSL encrypts records with ${ALGORITHM}, one a call, by turns with its own code and by the device. A record of TLS has up to 16 KiB:`,
  );
  for (const bytes of RECORD_SIZES) {
    const { output } = await experiment.run(`evp-check speed ${ALGORITHM} ${bytes}`, {
      mayFail: true,
      timeoutMs: COMMAND_MS,
    });
    refuseOwnCode(output);
    const measured = parseTlsSpeed(output);
    if (!measured) throw new ExperimentError(`OpenSSL measured nothing. ${AGAIN}`);
    const speeds = { software: measured.softwareMBps, device: measured.deviceMBps };
    tlsFigures.value = { ...tlsFigures.value, records: new Map(tlsFigures.value.records).set(bytes, speeds) };
  }
}

async function measureWhole(experiment: Experiment): Promise<void> {
  experiment.remark(
    `${TRANSFER_MIB} MiB go by TLS 1.3 from one process to another. First both have a configuration without the device, then the system’s:`,
  );
  // The inspector shows these records, even if it is opened afterwards.
  await vm().watch(true);
  const before = await requests();
  const shell: GuestShell = {
    run: async (command) => (await experiment.run(command, { mayFail: true, timeoutMs: COMMAND_MS })).output,
  };
  const { softwareMBps, deviceMBps } = await measureTransfer(shell, TRANSFER_MIB).catch((error: unknown) => {
    throw error instanceof GuestMeasureError ? new ExperimentError(`The transfer by TLS failed. ${AGAIN}`) : error;
  });
  // s_client and s_server say nothing of the device.
  if ((await requests()) === before) throw new ExperimentError(`OpenSSL lost the device: no record came. ${AGAIN}`);
  tlsFigures.value = { ...tlsFigures.value, transfer: { software: softwareMBps, device: deviceMBps } };
}

/** How many requests the device has had. */
async function requests(): Promise<number> {
  const { counters } = await vm().look(0);
  return counters.reduce((sum, { requests: count }) => sum + count, 0);
}

/** OpenSSL goes on with its own code when the device is lost. Its figures would then be no comparison. */
function refuseOwnCode(output: string): void {
  const why = /^virtio-crypto: OpenSSL works with its own code: (.*)$/m.exec(output)?.[1];
  if (why) throw new ExperimentError(`OpenSSL lost the device: ${why}. ${AGAIN}`);
}

function conclude(experiment: Experiment): void {
  const record = tlsFigures.value.records.get(16384);
  const { transfer: whole } = tlsFigures.value;
  if (!record || !whole) return;
  experiment.verdict(
    `Records of 16 KiB: software ${figure(record.software)} MB/s, device ${figure(record.device)} MB/s, ${ratioText(record)}. ` +
      `The transfer: ${figure(whole.software)} and ${figure(whole.device)} MB/s, ${ratioText(whole)}, because the handshake and the guest’s network take as long with the device as without it.`,
  );
}

const ratioText = ({ software, device }: TlsSpeeds): string => `${figure(device / software)} times as fast`;
