import { createCipheriv, createDecipheriv, createHash, createHmac } from 'node:crypto';
import { type Call, type Calls, callByCall, callFor, callRunner, type Runner } from './implementation.ts';
import type { Workload } from './workload.ts';

/** OpenSSL's names; without padding, nothing is left for final() to return. */
function cipher(openssl: string, create: typeof createCipheriv | typeof createDecipheriv = createCipheriv) {
  return ({ key }: Workload): Call =>
    ({ iv, source }) => {
      const running = create(openssl, key, iv);
      running.setAutoPadding(false);
      const result = running.update(source);
      running.final();
      return [result];
    };
}

function hash(openssl: string) {
  return (): Call =>
    ({ source }) => [createHash(openssl).update(source).digest()];
}

const CALLS: Required<Calls> = {
  'aes-128-cbc-encrypt': cipher('aes-128-cbc'),
  'aes-128-cbc-decrypt': cipher('aes-128-cbc', createDecipheriv),
  'aes-128-ctr': cipher('aes-128-ctr'),
  'aes-128-xts-encrypt': cipher('aes-128-xts'),
  'aes-128-xts-decrypt': cipher('aes-128-xts', createDecipheriv),
  'aes-128-gcm-encrypt':
    ({ key }) =>
    ({ iv, source }) => {
      const running = createCipheriv('aes-128-gcm', key, iv);
      const result = running.update(source);
      running.final();
      return [result, running.getAuthTag()];
    },
  'chacha20-poly1305-encrypt':
    ({ key }) =>
    ({ iv, source }) => {
      const running = createCipheriv('chacha20-poly1305', key, iv, { authTagLength: 16 });
      const result = running.update(source);
      running.final();
      return [result, running.getAuthTag()];
    },
  'sha-256': hash('sha256'),
  'sha-512': hash('sha512'),
  sha1: hash('sha1'),
  'hmac-sha-256':
    ({ key }) =>
    ({ source }) => [createHmac('sha256', key).update(source).digest()],
  'aes-128-cbc+hmac-sha-256': (workload) => {
    const encrypt = cipher('aes-128-cbc')(workload);
    return (request) => {
      const [result = request.source] = encrypt(request);
      return [result, createHmac('sha256', workload.macKey).update(result).digest()];
    };
  },
};

const NAME = 'node';

/** node:crypto in this process: OpenSSL, with whatever of the processor it was started with. */
export const nodeCrypto = callByCall(NAME, CALLS);

/** What a workload's results are compared with. */
export function nodeCryptoDigest(workload: Workload): Promise<string> {
  return nodeCryptoRunner(workload).digest();
}

/** A cipher, hash or HMAC object a request, since each request has its own IV or message. */
export function nodeCryptoRunner(workload: Workload): Runner {
  return callRunner(workload, callFor(NAME, CALLS, workload));
}
