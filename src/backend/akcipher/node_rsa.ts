import type * as NodeCrypto from 'node:crypto';
import type { HostRsa } from '../../akcipher/contract.ts';
import { writeIntegers } from '../../akcipher/der.ts';
import type { RsaKey } from '../../akcipher/rsa_key.ts';
import { nodeCrypto } from '../node/node_crypto.ts';

/**
 * Private operations of RSA in node:crypto, without padding: versions of Node, Bun and Deno differ in what they make of wrong padding, but
 * not in this. It blocks its thread, so only workers use it.
 */
export class NodeRsa implements HostRsa {
  readonly #crypto: typeof NodeCrypto;
  /** Operations that had a result. */
  operations = 0;

  private constructor(crypto: typeof NodeCrypto) {
    this.#crypto = crypto;
  }

  /** node:crypto of this process, if it has one. */
  static here(): NodeRsa | undefined {
    const crypto = nodeCrypto();
    return crypto && new NodeRsa(crypto);
  }

  /** OpenSSL takes the private exponent where the primes give a wrong result. So it gets another one, and the result stays wrong. */
  privateOperation({ n, e, primes }: RsaKey): ((value: Uint8Array) => Uint8Array) | undefined {
    if (!primes) return undefined;
    const { createPrivateKey, privateDecrypt, constants } = this.#crypto;
    const { p, q, dp, dq, qInv } = primes;
    const der = writeIntegers([new Uint8Array(1), n, e, Uint8Array.of(1), p, q, dp, dq, qInv]);
    try {
      const key = createPrivateKey({ key: Buffer.from(der.buffer), format: 'der', type: 'pkcs1' });
      return (value) => {
        const result = privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, value);
        this.operations++;
        return new Uint8Array(result);
      };
    } catch {
      return undefined;
    } finally {
      der.fill(0);
    }
  }
}
