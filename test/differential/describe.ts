// A program that differs, for people.
import type { SessionParameters } from '../../src/driver/sessions.ts';
import type { Outcome } from './machine.ts';
import type { Placed } from './placement.ts';
import type { Program, RequestPlan } from './program.ts';
import { pick } from './sessions.ts';

/** Lines that say what the sessions and the requests of a program are, as the reference had them. */
export function describeProgram(
  program: Program,
  { parameters, placed }: Pick<Outcome, 'parameters' | 'placed'>,
): string[] {
  return [
    `layout ${program.layout}`,
    ...parameters.map((session, index) => `session ${index}: ${describeSession(session)}`),
    ...placed.flatMap((request, index) => describeRequest(index, request, pick(program.requests, index))),
  ];
}

function describeSession(session: SessionParameters): string {
  const bytes = (key: Uint8Array) => `key of ${key.length} bytes`;
  switch (session.service) {
    case 'hash':
      return `${session.algorithm}, ${session.length} bytes`;
    case 'mac':
      return `${session.algorithm}, ${bytes(session.key)}, ${session.length} bytes`;
    case 'akcipher': {
      const { algorithm, keyType, padding = 'raw', curve } = session;
      return `${algorithm}, ${keyType}, ${curve ?? padding}, ${bytes(session.key)}`;
    }
    case 'chain': {
      const { order, direction, cipher, hash } = session;
      const key = hash.mode === 'plain' ? '' : `, ${bytes(hash.key)}`;
      const digest = `${hash.mode} ${hash.algorithm}${key}, ${hash.resultLength} bytes`;
      return `${order}, ${direction}: ${cipher.algorithm}, ${bytes(cipher.key)}; ${digest}`;
    }
    default:
      return `${session.algorithm} ${session.direction}, ${bytes(session.key)}`;
  }
}

function describeRequest(index: number, { session, stateless, pieces }: Placed, plan: RequestPlan): string[] {
  const { before, wrong, notify } = plan;
  const places = pieces.map(({ name, address, bytes }) => `${name} 0x${address.toString(16)}+${bytes}`);
  return [
    ...(before.kind === 'nothing' ? [] : [`  ${JSON.stringify(before)}`]),
    `request ${index}, ${stateless ? 'stateless as' : 'of'} session ${session}: ${places.join(', ')}`,
    ...(wrong.kind === 'nothing' ? [] : [`  wrong: ${JSON.stringify(wrong)}`]),
    ...(notify ? ['  notification'] : []),
  ];
}
