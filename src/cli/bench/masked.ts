import { type ChildProcess, fork } from 'node:child_process';
import { BenchError, type Implementation } from './implementation.ts';
import { type Answer, MASK, prepareQuestion, type Question } from './masked_protocol.ts';
import { nodeCrypto } from './node_crypto.ts';

const NAME = 'node-masked';
const CHILD = new URL('./masked_child.js', import.meta.url);

/** Whether OPENSSL_ia32cap means anything here. */
export const MASKABLE = process.arch === 'x64' || process.arch === 'ia32';

/** node:crypto without the processor's AES, carry-less multiplication and SHA instructions, in a process of its own. */
export function startMasked(childModule: URL = CHILD): Implementation {
  const child = new MaskedChild(childModule);
  return {
    name: NAME,
    has: (item) => nodeCrypto.has(item),
    prepare: async (workload) => {
      await child.ask(prepareQuestion(workload));
      return {
        digest: async () => {
          const answer = await child.ask({ ask: 'digest' });
          return 'digest' in answer ? answer.digest : unexpected(answer);
        },
        run: async (times) => {
          const answer = await child.ask({ ask: 'run', times });
          return 'milliseconds' in answer ? answer.milliseconds : unexpected(answer);
        },
        dispose: () => {},
      };
    },
    dispose: () => child.end(),
  };
}

function unexpected(answer: Answer): never {
  throw new BenchError(`${NAME}: its process answered ${JSON.stringify(answer)}.`);
}

/** A question at a time, so that the two processes never compute at once. */
class MaskedChild {
  readonly #process: ChildProcess;
  #waiting: { resolve(answer: Answer): void; reject(error: Error): void } | undefined;
  #ended: BenchError | undefined;

  constructor(module: URL) {
    this.#process = fork(module, {
      env: { ...process.env, OPENSSL_ia32cap: MASK },
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#process.on('message', (answer: Answer) => {
      const waiting = this.#waiting;
      this.#waiting = undefined;
      waiting?.resolve(answer);
    });
    this.#process.on('error', (error) => this.#fail(`${NAME}: its process failed: ${error.message}.`));
    this.#process.on('exit', (code, signal) =>
      this.#fail(`${NAME}: its process ended (${signal ?? `status ${code}`}).`),
    );
  }

  async ask(question: Question): Promise<Answer> {
    if (this.#ended) throw this.#ended;
    const answer = await new Promise<Answer>((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#process.send(question, (error) => {
        if (error) this.#fail(`${NAME}: its process cannot be reached: ${error.message}.`);
      });
    });
    if ('error' in answer) throw new BenchError(`${NAME}: ${answer.error}`);
    return answer;
  }

  end(): void {
    // Whatever it computes right now is of no use to anybody.
    this.#process.kill('SIGKILL');
  }

  #fail(message: string): void {
    this.#ended ??= new BenchError(message);
    this.#waiting?.reject(this.#ended);
    this.#waiting = undefined;
  }
}
