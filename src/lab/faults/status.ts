// The device answers a request with an error (5.9.7.1).
import * as crypto from '../../../spec/crypto.ts';
import { statusAddress } from './available.ts';
import type { Fault, Outcome } from './fault.ts';

/** 5.9.7.1 has no such status. */
const UNKNOWN = 255;

function answering(name: string, status: number, driver: string, outcomes: readonly Outcome[] = ['error']): Fault {
  return {
    section: '5.9.7.1',
    group: 'allowed',
    device: `answers the request with ${name}, although it has computed the result`,
    driver,
    outcomes,
    begin: ({ view, nth }) => ({
      completed: ({ number, chain }) => {
        const at = number === nth && chain ? statusAddress(chain) : undefined;
        if (at !== undefined) view.write(at, Uint8Array.of(status));
      },
    }),
  };
}

export const STATUS_FAULTS = {
  'status-err': answering('ERR', crypto.CRYPTO_ERR, 'reports an error for this request, and goes on with the others'),
  'status-badmsg': answering('BADMSG', crypto.CRYPTO_BADMSG, 'reports that the message is not authentic'),
  'status-notsupp': answering('NOTSUPP', crypto.CRYPTO_NOTSUPP, 'reports that the operation is not supported'),
  'status-invsess': answering(
    'INVSESS',
    crypto.CRYPTO_INVSESS,
    'reports an error, or makes a new session and tries again',
    ['error', 'completed'],
  ),
  'status-nospc': answering(
    'NOSPC',
    crypto.CRYPTO_NOSPC,
    'reports an error, or closes an idle session and tries again',
    ['error', 'completed'],
  ),
  'status-unknown': {
    ...answering('255, which is no status', UNKNOWN, 'takes it as an error, and not as success'),
    group: 'hostile',
  },
} as const;
