// The questions to the process of node-masked, and its answers: one answer for each question, in order.
import { isCaseName, type Row, rowsOf } from './cases.ts';
import { type Workload, workloadOf } from './workload.ts';

/** OpenSSL then sees no AES-NI and no PCLMULQDQ (word 1), and no SHA-NI (word 2): OPENSSL_ia32cap(3). */
export const MASK = '~0x200000200000000:~0x20000000';

export type Question =
  | { ask: 'prepare'; case: string; bytes: number; batch: number }
  | { ask: 'digest' }
  | { ask: 'run'; times: number };

export type Answer = { prepared: true } | { digest: string } | { milliseconds: number } | { error: string };

export function prepareQuestion(row: Row): Question {
  return { ask: 'prepare', case: row.case.name, bytes: row.bytes, batch: row.batch };
}

/** The workload that a question names. Throws for a case that is not one. */
export function workloadFor(question: Question & { ask: 'prepare' }): Workload {
  const [row] = isCaseName(question.case) ? rowsOf([question.case], [question.bytes], [question.batch]) : [];
  if (!row) throw new Error(`There is no case ${question.case}.`);
  return workloadOf(row);
}
