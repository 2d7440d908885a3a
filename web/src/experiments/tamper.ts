import { signal } from '@preact/signals';
import * as crypto from '../../../spec/crypto.ts';
import { DEVICE_DRIVER } from '../../../src/guest/measure.ts';
import { summarise, type TracedRequest } from '../../../src/trace/index.ts';
import { exitStatusText } from '../ui/format.ts';
import { vm } from '../vm/store.ts';
import { Experiment, ExperimentError, loadDriver } from './runner.ts';

/** A field of the request's header, and the bytes that are written over it. */
interface Tampering {
  label: string;
  offset: number;
  bytes: Uint8Array;
}

export const TAMPERINGS = {
  session: {
    label: 'session_id: a session that was never made',
    offset: crypto.DATA_SESSION_ID,
    bytes: Uint8Array.of(0xff, 0xff, 0xff, 0x7f, 0xff, 0, 0, 0),
  },
  iv: {
    label: 'iv_len: 8 bytes, where AES takes 16',
    offset: crypto.DATA_CIPHER_IV_LEN,
    bytes: Uint8Array.of(8, 0, 0, 0),
  },
  length: {
    label: 'src_data_len: more than the buffers hold',
    offset: crypto.DATA_CIPHER_SRC_LEN,
    bytes: Uint8Array.of(0xf0, 0xff, 0xff, 0xff),
  },
  opcode: {
    label: 'opcode: a service that nobody knows',
    offset: crypto.DATA_OPCODE,
    bytes: Uint8Array.of(0, 0x7f, 0, 0),
  },
} as const satisfies Record<string, Tampering>;
export type TamperingName = keyof typeof TAMPERINGS;

export const tampering = signal<TamperingName>('session');

/** Makes the device encrypt 4 KiB once. */
export const ENCRYPT =
  `head -c 4096 /dev/zero > /tmp/plain; echo -n 0123456789abcdef > /tmp/key; ` +
  `kcapi-enc -e -q --nounpad -c ${DEVICE_DRIVER} --iv 00000000000000000000000000000000 --keyfd 3 -i /tmp/plain -o /tmp/cipher 3< /tmp/key`;
const POLL_MS = 50;
const ATTEMPTS = 200;

/** Changes a request in the guest's memory, after the driver has put it into the ring and before the device looks. */
export const tamper = new Experiment(async (experiment) => {
  const { label, offset, bytes } = TAMPERINGS[tampering.value];
  await loadDriver(experiment);
  await experiment.run(`grep -q ${DEVICE_DRIVER} /proc/crypto`);
  await vm().watch(true);
  const { latest } = await vm().look(0);
  await vm().hold();
  experiment.remark('Requests are held in the ring from now on. The guest encrypts 4 KiB and waits:');
  const command = experiment.run(ENCRYPT, { mayFail: true });
  // The code below waits for a failure. Until then the browser must not report an unhandled rejection.
  command.catch(() => {});
  try {
    await untilTampered(offset, bytes);
    experiment.remark(`Changed in the guest’s memory: ${label}. Now the device may look.`);
    await vm().step(0);
  } finally {
    await vm().release();
  }
  const { status } = await command;
  const answered = (await vm().look(latest)).requests.find(({ control }) => !control);
  report(experiment, answered, status);
});

async function untilTampered(offset: number, bytes: Uint8Array): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (await vm().tamper(0, offset, bytes)) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new ExperimentError('The guest sent no request: reset the machine and try again.');
}

function report(experiment: Experiment, request: TracedRequest | undefined, status: number): void {
  if (!request) throw new ExperimentError('The request was answered unseen: try again.');
  const { status: answer } = summarise(request);
  experiment.verdict(
    `The device answered VIRTIO_CRYPTO_${answer} (5.9.7.1) and wrote ${request.usedBytes === 1 ? 'one byte' : `${request.usedBytes} bytes`}; the guest’s program ended with ${exitStatusText(status)}. Nothing else was touched, and the device goes on.`,
  );
}
