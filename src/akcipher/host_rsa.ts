import type { HostRsa } from './contract.ts';
import { sameBytes } from './octets.ts';
import type { RsaArithmetic } from './rsa_arithmetic.ts';
import type { RsaKey } from './rsa_key.ts';
import { finish } from './steps.ts';

/**
 * A key's private operation in the host's cryptography. It is used once it has had the result of the kernel. Each later result is raised
 * to the public exponent before it leaves, as the kernel's are.
 */
export class CheckedHostRsa {
  readonly #host: HostRsa;
  readonly #key: RsaKey;
  readonly #arithmetic: RsaArithmetic;
  /** The operation; 'unproven' before the first result; undefined: the kernel does the work. */
  #operation: ((value: Uint8Array) => Uint8Array) | 'unproven' | undefined = 'unproven';

  /** @param arithmetic checks the results */
  constructor(host: HostRsa, key: RsaKey, arithmetic: RsaArithmetic) {
    this.#host = host;
    this.#key = key;
    this.#arithmetic = arithmetic;
  }

  /** The result as long as n, or undefined: the kernel has to do it. The value is below n. */
  run(value: Uint8Array): Uint8Array | undefined {
    if (typeof this.#operation !== 'function') return undefined;
    const padded = this.#padded(value);
    const result = attempt(this.#operation, padded);
    if (result && this.#isRoot(result, padded)) return result;
    this.#operation = undefined;
    return undefined;
  }

  /** Compares the host with a result of the kernel. */
  prove(value: Uint8Array, result: Uint8Array): void {
    if (this.#operation !== 'unproven') return;
    const operation = this.#host.privateOperation(this.#key);
    const hosts = operation && attempt(operation, this.#padded(value));
    this.#operation = hosts && sameBytes(hosts, result) ? operation : undefined;
    hosts?.fill(0);
  }

  forget(): void {
    this.#operation = undefined;
  }

  #padded(value: Uint8Array): Uint8Array {
    const padded = new Uint8Array(this.#key.n.length);
    padded.set(value, padded.length - value.length);
    return padded;
  }

  #isRoot(result: Uint8Array, value: Uint8Array): boolean {
    if (result.length !== value.length || !this.#arithmetic.isBelow(result, this.#key)) return false;
    return sameBytes(finish(this.#arithmetic.publicOperation(this.#key, result)), value);
  }
}

/** A host that throws has no result. */
function attempt(operation: (value: Uint8Array) => Uint8Array, value: Uint8Array): Uint8Array | undefined {
  try {
    return operation(value);
  } catch {
    return undefined;
  }
}
