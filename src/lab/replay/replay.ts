// What a recorded trace shows of a driver's mistakes.
import * as crypto from '../../../spec/crypto.ts';
import { serviceNumbered } from '../../../spec/services.ts';
import { decodeRequest, type TracedRequest } from '../../trace/index.ts';
import { checkPackedList, checkSplitChain } from '../checker/chain_rules.ts';
import type { ReadChain } from '../checker/descriptors.ts';
import { RULES, type RuleName } from '../checker/rules.ts';
import { Findings, type Violation } from '../checker/violation.ts';

/** The rules of RULES that a trace has all for: those of a single chain. */
export const REPLAYED: readonly RuleName[] = [
  '2.7.4.2-1',
  '2.7.5.2-1',
  '2.7.5.3.1-2',
  '2.7.5.3.1-4',
  '2.8.17-2',
  '2.8.19-2',
  '2.8.19-3',
];

/** Sections of the rules that a trace has nothing of, and the reason. */
export const NOT_REPLAYED: readonly { sections: readonly string[]; why: string }[] = [
  {
    sections: ['2.1', '2.2', '2.4', '2.5', '3.1', '3.4', '5.9.5', '5.9.6', '6.1'],
    why: 'a trace has no registers and no configuration',
  },
  {
    sections: ['2.7.1', '2.8.11', '2.8.17', '4.1', '4.2'],
    why: "a trace does not say where the rings are, nor a queue's size",
  },
  {
    sections: ['2.7.6', '2.7.7', '2.7.8', '2.7.10', '2.8.14', '2.8.21'],
    why: 'a trace has neither indices nor notifications',
  },
  {
    sections: ['2.7.5.2', '2.7.5.3.1', '2.8.19'],
    why: 'a trace does not say which features were negotiated, as far as a rule depends on them',
  },
  {
    sections: ['2.12.1'],
    why: 'a trace may begin in the middle of a life: what the driver has said before is not in it',
  },
  { sections: ['3.3.1'], why: 'a trace has a chain as it was when the device took it, and not what became of it' },
];

/** What a trace shows. */
export interface Replay {
  violations: Violation[];
  /** Number of requests that were looked at. */
  requests: number;
}

/** Holds each request of a trace against the rules that a trace has all for, and the use of sessions from one request to the next. */
export function replay(requests: readonly TracedRequest[]): Replay {
  const findings = new Findings(() => {});
  const sessions = new Sessions(findings);
  for (const request of requests) {
    checkChain(request, findings);
    checkStatus(request, findings);
    sessions.follow(request);
  }
  return { violations: findings.all, requests: requests.length };
}

function checkChain({ queue, ring, head, descriptors }: TracedRequest, findings: Findings): void {
  const chain: ReadChain = {
    head,
    own: descriptors.filter(({ table }) => table === 'ring'),
    indirect: descriptors.filter(({ table }) => table === 'indirect'),
    endless: false,
  };
  // A trace has neither size nor features: rules that need them are not in REPLAYED, and find nothing with these terms.
  const terms = { queue, size: Number.POSITIVE_INFINITY, indirect: true, inOrder: false };
  if (ring === 'packed') checkPackedList(chain, terms, findings);
  else checkSplitChain(chain, terms, findings);
}

/** Adds what is no rule of RULES: a request that no device can carry out. */
function refuse(
  findings: Findings,
  { queue, head, descriptors }: TracedRequest,
  check: string,
  section: string,
  seen: string,
) {
  findings.add({
    rule: `request:${check}`,
    section,
    level: 'must',
    statement: 'The driver must send requests that the device can carry out.',
    seen,
    ...{ queue, head, chain: descriptors },
  });
}

function checkStatus(request: TracedRequest, findings: Findings): void {
  if (request.buffers.some(({ writable, bytes }) => writable && bytes > 0)) return;
  refuse(findings, request, 'status', '5.9.7.1', 'the chain has no byte for the status that the device could write');
}

/** Follows the sessions of a trace: which were closed, and not made again. */
class Sessions {
  readonly #findings: Findings;
  readonly #closed = new Set<string>();

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  follow(request: TracedRequest): void {
    const fields = decodeRequest(request);
    const fieldOf = (name: string) => fields.find((field) => field.name === name);
    const opcode = numberOf(fieldOf('opcode')?.data);
    if (opcode === undefined) return;
    if (serviceNumbered(opcode >>> 8) === undefined) {
      const seen = `opcode 0x${opcode.toString(16)} is of no service`;
      refuse(this.#findings, request, 'opcode', request.control ? '5.9.7.2' : '5.9.7.3', seen);
      return;
    }
    const id = fieldOf('session_id')?.value;
    if (id === undefined) return;
    if (request.control) this.#control(request, opcode, id);
    else this.#data(request, id, numberOf(fieldOf('flag')?.data) ?? 0);
  }

  #control(request: TracedRequest, opcode: number, id: string): void {
    const operation = opcode & 0xff;
    const destroys = operation === crypto.OP_DESTROY_SESSION || operation === crypto.OP_AKCIPHER_DESTROY_SESSION;
    if (!destroys) {
      this.#closed.delete(id);
      return;
    }
    if (this.#closed.has(id)) {
      refuse(this.#findings, request, 'destroy-session', '5.9.7.2.1', `session ${id} was closed before`);
    }
    if (request.lastByte === crypto.CRYPTO_OK) this.#closed.add(id);
  }

  #data(request: TracedRequest, id: string, flag: number): void {
    const usesSession = !request.stateless || (flag & crypto.FLAG_SESSION_MODE) !== 0;
    if (!usesSession || !this.#closed.has(id)) return;
    refuse(this.#findings, request, 'session', '5.9.7.3', `session ${id} was closed before`);
  }
}

function numberOf(data: Uint8Array | undefined): number | undefined {
  if (data === undefined || data.length < 4) return undefined;
  return new DataView(data.buffer, data.byteOffset, data.byteLength).getUint32(0, true);
}

/** Number of the rules that a trace says nothing of. */
export const NOT_REPLAYED_COUNT = Object.keys(RULES).length - REPLAYED.length;
