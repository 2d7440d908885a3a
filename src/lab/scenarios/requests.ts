// Requests that several scenarios send.
import type { Result } from '../../driver/index.ts';
import type { ScenarioStage } from './scenario.ts';
import { AES_CBC, SHA_256 } from './vectors.ts';

/** The parameters of a session for useSession(). */
export const SESSION = { service: 'cipher', algorithm: 'aes-cbc', direction: 'encrypt', key: AES_CBC.key } as const;

/** One request in an open session of SESSION. */
export function useSession({ driver, request }: ScenarioStage, id: bigint): Promise<Result | undefined> {
  const { iv, plaintext, ciphertext } = AES_CBC;
  const block = { algorithm: 'aes-cbc', direction: 'encrypt', iv, data: plaintext } as const;
  return request('aes-cbc in a session', () => driver.cipherInSession(id, block), ciphertext);
}

/** The hash of a published vector. @param fate `anything` if the scenario itself may end the request */
export function hash({ driver, request }: ScenarioStage, what = 'sha-256', fate?: 'anything') {
  const { message, digest } = SHA_256;
  return request(what, () => driver.hash({ algorithm: 'sha-256', data: message }), fate ?? digest);
}

const BLOCKS_MAX = 64;

/** Encrypts and then decrypts random blocks, whose result is what went in. */
export async function roundTrip({ driver, random, request }: ScenarioStage, what: string): Promise<void> {
  const cipher = { algorithm: 'aes-cbc', key: random.bytes(16), iv: random.bytes(16) } as const;
  const data = random.bytes(16 * (1 + random.below(BLOCKS_MAX)));
  const encrypted = await request(
    `${what}: encrypt ${data.length} bytes`,
    () => driver.cipher({ ...cipher, direction: 'encrypt', data }),
    'ok',
  );
  if (encrypted?.status !== 'ok') return;
  await request(
    `${what}: decrypt ${data.length} bytes`,
    () => driver.cipher({ ...cipher, direction: 'decrypt', data: encrypted.data }),
    data,
  );
}
