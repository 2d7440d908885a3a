import type { HostRsa } from './contract.ts';
import { sameBytes } from './octets.ts';
import type { RsaKey } from './rsa_key.ts';

/** A key's private operation in the host's cryptography. It is used once it has had the result of the kernel. */
export class ProvenHostRsa {
  readonly #host: HostRsa;
  readonly #key: RsaKey;
  /** The operation; 'unproven' before the first result; undefined: the kernel does the work. */
  #operation: ((value: Uint8Array) => Uint8Array) | 'unproven' | undefined = 'unproven';

  constructor(host: HostRsa, key: RsaKey) {
    this.#host = host;
    this.#key = key;
  }

  /** The result as long as n, or undefined: the kernel has to do it. The value is below n. */
  run(value: Uint8Array): Uint8Array | undefined {
    if (typeof this.#operation !== 'function') return undefined;
    const result = this.#attempt(this.#operation, value);
    if (!result) this.#operation = undefined;
    return result;
  }

  /** Compares the host with a result of the kernel. */
  prove(value: Uint8Array, result: Uint8Array): void {
    if (this.#operation !== 'unproven') return;
    const operation = this.#host.privateOperation(this.#key);
    const hosts = operation && this.#attempt(operation, value);
    this.#operation = hosts && sameBytes(hosts, result) ? operation : undefined;
    hosts?.fill(0);
  }

  forget(): void {
    this.#operation = undefined;
  }

  /** Puts zeros in front of the value. A host that throws has no result. */
  #attempt(operation: (value: Uint8Array) => Uint8Array, value: Uint8Array): Uint8Array | undefined {
    const padded = new Uint8Array(this.#key.n.length);
    padded.set(value, padded.length - value.length);
    try {
      return operation(padded);
    } catch {
      return undefined;
    }
  }
}
