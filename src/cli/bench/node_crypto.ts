import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { Workload } from './cases.ts';
import { callByCall, type Implementation, type Runner } from './implementation.ts';

/** node:crypto in this process: OpenSSL, with whatever of the processor it was started with. */
export const nodeCrypto: Implementation = {
  name: 'node',
  prepare: async (workload) => nodeCryptoRunner(workload),
  dispose: () => {},
};

/** A cipher object a request, since each request has its own IV. */
export function nodeCryptoRunner(workload: Workload): Runner {
  const create = workload.case.direction === 'encrypt' ? createCipheriv : createDecipheriv;
  return callByCall(workload, (iv, source) => {
    const cipher = create('aes-128-cbc', workload.key, iv);
    cipher.setAutoPadding(false);
    const result = cipher.update(source);
    // Without padding, nothing is left for it to return.
    cipher.final();
    return result;
  });
}
