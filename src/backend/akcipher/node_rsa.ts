import type * as NodeCrypto from 'node:crypto';
import type { HostRsa } from '../../akcipher/contract.ts';
import { writeIntegers } from '../../akcipher/der.ts';
import { sameBytes } from '../../akcipher/octets.ts';
import type { RsaKey } from '../../akcipher/rsa_key.ts';
import { nodeCrypto } from '../node/node_crypto.ts';

/**
 * Operations of RSA in node:crypto, without padding: versions of Node, Bun and Deno differ in what they make of wrong padding, but not in
 * this. Private operations block their thread, so only workers use them.
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

  publicOperation({ n, e }: RsaKey): ((value: Uint8Array) => Uint8Array) | undefined {
    const { createPublicKey, publicEncrypt, constants } = this.#crypto;
    const padding = constants.RSA_NO_PADDING;
    try {
      const key = createPublicKey({ key: Buffer.from(writeIntegers([n, e])), format: 'der', type: 'pkcs1' });
      return (value) => {
        const result = publicEncrypt({ key, padding }, value);
        this.operations++;
        return new Uint8Array(result);
      };
    } catch {
      return undefined;
    }
  }

  /** OpenSSL takes the private exponent where the primes give a wrong result. So it gets another one, and the result is found wrong. */
  privateOperation({ n, e, primes }: RsaKey): ((value: Uint8Array) => Uint8Array) | undefined {
    if (!primes) return undefined;
    const { createPrivateKey, createPublicKey, privateDecrypt, publicEncrypt, constants } = this.#crypto;
    const { p, q, dp, dq, qInv } = primes;
    const der = writeIntegers([new Uint8Array(1), n, e, Uint8Array.of(1), p, q, dp, dq, qInv]);
    try {
      const padding = constants.RSA_NO_PADDING;
      const key = createPrivateKey({ key: Buffer.from(der.buffer), format: 'der', type: 'pkcs1' });
      const shown = createPublicKey(key);
      return (value) => {
        const result = new Uint8Array(privateDecrypt({ key, padding }, value));
        if (!sameBytes(publicEncrypt({ key: shown, padding }, result), value)) {
          throw new Error('node:crypto has a wrong result.');
        }
        this.operations++;
        return result;
      };
    } catch {
      return undefined;
    } finally {
      der.fill(0);
    }
  }
}
