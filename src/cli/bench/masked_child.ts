// The process of node-masked: node:crypto under an OPENSSL_ia32cap that is read when the process starts.
import type { Runner } from './implementation.ts';
import { type Answer, type Question, workloadFor } from './masked_protocol.ts';
import { nodeCryptoRunner } from './node_crypto.ts';

let runner: Runner | undefined;

async function answer(question: Question): Promise<Answer> {
  if (question.ask === 'prepare') {
    runner = nodeCryptoRunner(workloadFor(question));
    return { prepared: true };
  }
  if (!runner) throw new Error('Nothing was prepared.');
  if (question.ask === 'digest') return { digest: await runner.digest() };
  return { milliseconds: await runner.run(question.times) };
}

process.on('message', async (question: Question) => {
  const message = await answer(question).catch((error: unknown): Answer => ({ error: String(error) }));
  process.send?.(message);
});
// A terminal's Ctrl-C reaches this process too: its parent says when to go, by closing the channel or by its own end.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit());
