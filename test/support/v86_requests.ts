import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import type { CryptoDriver } from '../../src/driver/driver.ts';
import type { V86Options } from '../../src/v86/attach.ts';
import { noise } from './memory.ts';
import { reference } from './requests.ts';
import { builtMachine, driverOf } from './v86_guest.ts';

/** What became of a request: its status, and the digest of its result, which is long. */
export interface Result {
  status: string;
  sha: string;
}

export const [key, iv] = [noise(16, 1), noise(16, 2)];
/** Notifications that a policy answers at once before it holds one back as a trial. */
export const BEFORE_TRIAL = 16;

/** A machine whose driver has started, with a session. The test calls the driver's interrupt handler. */
export async function started(options: V86Options = {}, from = 0x100000) {
  const machine = await builtMachine(options);
  const device = machine.attached.device ?? expect.unreachable();
  const driver = driverOf(machine.cpu, undefined, from);
  driver.start();
  const session = driver.createCipherSession('aes-cbc', 'encrypt', key);
  driver.interrupt();
  const { id } = await session;
  const request = (bytes: number, queue = 0) => encrypt(driver, id, bytes, queue);
  return { ...machine, device, driver, request };
}

export async function encrypt(driver: CryptoDriver, session: bigint, bytes: number, queue = 0): Promise<Result> {
  const data = noise(bytes, bytes);
  const request = { algorithm: 'aes-cbc', direction: 'encrypt', iv, data, queue } as const;
  const result = await driver.cipherInSession(session, request);
  return { status: result.status, sha: sha(result.data) };
}

export type Started = Awaited<ReturnType<typeof started>>;

const sha = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');
export const expected = (bytes: number) => ({
  status: 'ok',
  sha: sha(reference('encrypt', key, iv, noise(bytes, bytes))),
});

/** Sends requests until the notification of the next one will be held back. */
export async function upToTrial({ device, driver, request }: Started, queue = 0): Promise<void> {
  for (let i = 0; i < BEFORE_TRIAL; i++) {
    const result = request(64, queue);
    device.settle();
    driver.interrupt();
    expect(await result).toEqual(expected(64));
  }
}

/** Sends a request whose notification is held back: the next one on a queue that is up to its trial. */
export function heldBack({ device, request }: Started, bytes: number, queue = 0): Promise<Result> {
  const before = device.positions(queue);
  const result = request(bytes, queue);
  expect(device.positions(queue)).toEqual(before);
  return result;
}
