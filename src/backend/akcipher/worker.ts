// A worker that runs requests of the AKCIPHER service. Keys and requests come in messages, so it needs no shared memory.
import { loadFused } from '../../akcipher/bignum.ts';
import type { AkcipherParameters, AkcipherRequest, AkcipherResult, AkcipherSession } from '../../akcipher/contract.ts';
import { CurveArithmetic } from '../../akcipher/ecdsa_arithmetic.ts';
import { SessionMaker } from '../../akcipher/session.ts';
import { finish } from '../../akcipher/steps.ts';
import { NodeRsa } from './node_rsa.ts';
import { fillRandom } from './random.ts';

/** The result of a request, and whether the host's cryptography computed it. */
export interface WorkerAnswer extends AkcipherResult {
  byHost: boolean;
}

/** What the worker's script offers to the device. Sessions have numbers of the device. */
export interface AkcipherControl {
  /**
   * Resolves when the worker takes requests.
   * @param modulusBits the longest modulus that is allowed, in bits
   * @param usesHost whether node:crypto does private operations of RSA
   */
  begin(modulusBits: number, usesHost: boolean): Promise<void>;
  /** Takes a session's key, which the device has accepted. */
  open(session: number, sent: Uint8Array, parameters: AkcipherParameters): void;
  /** Runs a request in an open session. */
  run(session: number, request: AkcipherRequest): WorkerAnswer;
  /** Wipes the key of a session. */
  close(session: number): void;
  /** Wipes all keys. */
  closeAll(): void;
}

const sessions = new Map<number, AkcipherSession>();
let maker: SessionMaker | undefined;
let host: NodeRsa | undefined;

export const akcipherControl: AkcipherControl = {
  async begin(modulusBits, usesHost) {
    await loadFused();
    const curves = new CurveArithmetic();
    host = usesHost ? NodeRsa.here() : undefined;
    maker = new SessionMaker({
      ...{ modulusBits, random: fillRandom, curves: () => curves },
      ...(host && { hostRsa: host, publicHost: () => host }),
    });
  },

  open(session, sent, parameters) {
    const made = maker?.make(sent, parameters);
    if (typeof made !== 'object') throw new Error('The worker refuses a key that the device has accepted.');
    sessions.set(session, made);
  },

  run(session, request) {
    const found = sessions.get(session);
    if (!found) throw new Error('The worker has no such session.');
    const before = host?.operations ?? 0;
    const result = finish(found.run(request));
    return { ...result, byHost: (host?.operations ?? 0) > before };
  },

  close(session) {
    sessions.get(session)?.wipe();
    sessions.delete(session);
  },

  closeAll() {
    for (const session of [...sessions.keys()]) akcipherControl.close(session);
  },
};
