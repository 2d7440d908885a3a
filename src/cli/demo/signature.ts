import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { MODULE_FOLDER } from '../../guest/init.ts';
import { KEYRING_PROGRAM, PKCS8_MODULE } from '../../guest/keyring.ts';
import type { Machine } from '../machine.ts';
import { sendFile } from './compare.ts';

const MODULUS_BITS = 2048;
const MESSAGE = Buffer.from('a message of the guest');

/**
 * Lets the guest sign with RSA in its kernel's keyring, by keyctl, and compares the signature with node:crypto's.
 * @returns 'no answer' if the guest signed nothing, or without the device
 */
export async function compareSignature({ console, device }: Machine): Promise<'equal' | 'different' | 'no answer'> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: MODULUS_BITS });
  await console.run(`insmod ${MODULE_FOLDER}/${PKCS8_MODULE}.ko`);
  await sendFile(console, '/tmp/pkey', Buffer.from(KEYRING_PROGRAM));
  await sendFile(console, '/tmp/key', privateKey.export({ type: 'pkcs8', format: 'der' }));
  await sendFile(console, '/tmp/in', createHash('sha256').update(MESSAGE).digest());
  const before = device.statistics().services.akcipher.requests;
  const { status } = await console.run("chmod +x /tmp/pkey; /tmp/pkey sign 'enc=pkcs1 hash=sha256' /tmp/in /tmp/out");
  if (status !== 0 || device.statistics().services.akcipher.requests === before) return 'no answer';
  const { output } = await console.run('base64 /tmp/out; rm -f /tmp/out');
  const signature = Buffer.from(output.replaceAll(/\s/g, ''), 'base64');
  return signature.equals(sign('sha256', MESSAGE, privateKey)) ? 'equal' : 'different';
}
