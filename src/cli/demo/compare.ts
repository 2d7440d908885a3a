import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { GuestConsole } from '../../guest/console.ts';
import { DEVICE_DRIVER } from '../../guest/measure.ts';

/** One operation that the guest ran on the device and the host ran in node:crypto. */
export interface Comparison {
  direction: 'encrypt' | 'decrypt';
  keyBits: number;
  bytes: number;
  /** Whether the guest's kernel gave a result at all. */
  answered: boolean;
  agrees: boolean;
}

export const KEY_BITS = [128, 192, 256] as const;
export const LENGTHS = [16, 64, 512, 1024, 4096, 4112, 16384, 65536] as const;
const DIRECTIONS = ['encrypt', 'decrypt'] as const;

/** The guest repeats this much random data up to the longest length: its serial line is slow. */
const SEED_BYTES = 4096;
const SEED_COPIES = Math.max(...LENGTHS) / SEED_BYTES;

/**
 * Lets the guest encrypt and decrypt through AF_ALG on the named driver, and compares each result with node:crypto.
 * @param onResult called after each operation
 */
export async function compare(
  console: GuestConsole,
  onResult: (result: Comparison, done: number, total: number) => void = () => {},
): Promise<Comparison[]> {
  const seed = randomBytes(SEED_BYTES);
  await sendFile(console, '/tmp/seed', seed);
  await console.run(`: > /tmp/data; for i in $(seq ${SEED_COPIES}); do cat /tmp/seed >> /tmp/data; done`);
  const data = Buffer.concat(Array<Buffer>(SEED_COPIES).fill(seed));
  const total = KEY_BITS.length * LENGTHS.length * DIRECTIONS.length;
  const results: Comparison[] = [];
  for (const keyBits of KEY_BITS) {
    const key = randomBytes(keyBits / 8);
    const iv = randomBytes(16);
    await sendFile(console, '/tmp/key', key);
    for (const bytes of LENGTHS) {
      for (const direction of DIRECTIONS) {
        const input = data.subarray(0, bytes);
        const expected = onHost(direction, keyBits, key, iv, input);
        const actual = await digestInGuest(console, direction, iv, bytes);
        const answered = actual !== undefined;
        const result = { direction, keyBits, bytes, answered, agrees: actual === sha256(expected) };
        results.push(result);
        onResult(result, results.length, total);
      }
    }
  }
  return results;
}

function onHost(direction: 'encrypt' | 'decrypt', keyBits: number, key: Buffer, iv: Buffer, input: Buffer): Buffer {
  const create = direction === 'encrypt' ? createCipheriv : createDecipheriv;
  const cipher = create(`aes-${keyBits}-cbc`, key, iv).setAutoPadding(false);
  return Buffer.concat([cipher.update(input), cipher.final()]);
}

/** SHA-256 of what the guest's kernel made of the first `bytes` of /tmp/data, or undefined if it made nothing. */
async function digestInGuest(
  console: GuestConsole,
  direction: 'encrypt' | 'decrypt',
  iv: Buffer,
  bytes: number,
): Promise<string | undefined> {
  const mode = direction === 'encrypt' ? '-e' : '-d';
  const { output } = await console.run(
    `head -c ${bytes} /tmp/data > /tmp/in; kcapi-enc ${mode} -q --nounpad -c '${DEVICE_DRIVER}' --iv ${iv.toString('hex')} --keyfd 3 -i /tmp/in -o /tmp/out 3< /tmp/key && sha256sum /tmp/out; rm -f /tmp/out`,
  );
  return /\b[0-9a-f]{64}\b/.exec(output)?.[0];
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Writes a file in the guest by way of its shell, in lines that its terminal can take. */
export async function sendFile(console: GuestConsole, path: string, bytes: Buffer): Promise<void> {
  await console.run(`: > ${path}.b64`);
  for (const line of bytes.toString('base64').match(/.{1,640}/g) ?? []) {
    await console.run(`echo ${line} >> ${path}.b64`);
  }
  await console.run(`base64 -d ${path}.b64 > ${path}; rm ${path}.b64`);
}
