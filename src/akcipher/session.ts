import * as spec from '../../spec/crypto.ts';
import { loadFused } from './bignum.ts';
import type { AkcipherParameters, AkcipherSession, EcdsaArithmetic, HostRsa, RandomSource } from './contract.ts';
import { ecdsaSession } from './ecdsa.ts';
import { rsaSession, rsaSupported } from './rsa.ts';
import { RsaArithmetic } from './rsa_arithmetic.ts';

/** What sessions work with. */
export interface SessionTools {
  /** The longest modulus of RSA that is allowed, in bits. */
  modulusBits: number;
  random: RandomSource;
  /** The arithmetic on curves, once it is loaded. */
  curves(): EcdsaArithmetic | undefined;
  /** Private operations of RSA in the host's cryptography; undefined: the kernel does them. */
  hostRsa?: HostRsa;
  /** The same for public operations. */
  publicHost?(): HostRsa | undefined;
  /** Called once with a reason if the faster kernel of RSA cannot be loaded. A worker has it in its script. */
  missing?(reason: string): void;
}

/** Makes the sessions of a thread, which share its arithmetic. */
export class SessionMaker {
  readonly #tools: SessionTools;
  #hasMissed = false;
  #arithmetic: { atOnce: RsaArithmetic; pausing: RsaArithmetic } | undefined;

  constructor(tools: SessionTools) {
    this.#tools = tools;
  }

  /**
   * Makes a session of a key.
   * @param sent the key as the driver sent it. The session keeps it
   * @returns a status (5.9.7.1) if there is no session: NOTSUPP for parameters that the device does not have, ERR for a damaged key
   */
  make(sent: Uint8Array, parameters: AkcipherParameters): AkcipherSession | number {
    const { modulusBits, random, curves, hostRsa, publicHost } = this.#tools;
    if (parameters.algorithm === spec.AKCIPHER_ECDSA) return ecdsaSession(sent, parameters, curves);
    const { isPrivate, paddingOrCurve: padding, hash } = parameters;
    if (!rsaSupported({ isPrivate, padding, hash })) return spec.CRYPTO_NOTSUPP;
    void loadFused((reason) => {
      if (!this.#hasMissed) this.#tools.missing?.(reason);
      this.#hasMissed = true;
    });
    this.#arithmetic ??= { atOnce: new RsaArithmetic(random), pausing: new RsaArithmetic(random) };
    const arithmetic = { ...this.#arithmetic, ...(hostRsa && { host: hostRsa }), ...(publicHost && { publicHost }) };
    return rsaSession(sent, { isPrivate, padding, hash }, modulusBits, arithmetic, random) ?? spec.CRYPTO_ERR;
  }

  /** Wipes what a request that was given up has left in the kernel's memory. */
  wipe(): void {
    this.#arithmetic?.pausing.wipe();
    this.#tools.curves()?.wipe();
  }
}
