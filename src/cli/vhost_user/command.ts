import { closeSync, openSync, writeSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { AlgorithmName } from '../../../spec/names.ts';
import { type AlgorithmChoice, resolveAlgorithms } from '../../device/offer.ts';
import { DeviceTracer, toJsonLines } from '../../trace/index.ts';
import { serveVhostUser, type VhostUserEvent, type VhostUserServer } from '../../vhost-user/index.ts';
import { addBackendOptions, type BackendFlags, backendOptions } from '../backend_flags.ts';
import { takeInterruption } from '../interruption.ts';
import { commandOutput, type Output } from '../output.ts';
import { addCheckOptions, besideTracer, type CheckFlags, checkerOf, reportCheck, requireFault } from './check.ts';
import { commandLines } from './command_lines.ts';
import { report } from './report.ts';

interface VhostUserFlags extends BackendFlags, CheckFlags {
  socket: string;
  client?: true;
  algorithms?: AlgorithmChoice;
  queues: number;
  packed?: true;
  once?: true;
  trace?: string;
}

const QUEUES_MAX = 64;
/** The trace holds the last requests: a daemon may run for months. */
const TRACED_REQUESTS = 10_000;

/** `virtio-crypto vhost-user`: serves the device to QEMU and DPDK. */
export function vhostUserCommand(): Command {
  const command = new Command('vhost-user')
    .description('Serve the device to QEMU and DPDK over a Unix socket. Needs a 64-bit Linux and the package koffi.')
    .requiredOption('--socket <path>', 'the Unix socket, at most 107 bytes')
    .addOption(
      new Option('--server', 'listen there, and serve one client after the other (default)').conflicts('client'),
    )
    .option('--client', 'connect there, where the other side listens, and end with it')
    .option('--algorithms <names...>', 'what is offered: names, or all, or modern (default)', collectAlgorithms)
    .option('--queues <n>', 'data queues; a client may use fewer', parseQueues, 1)
    .option('--packed', 'offer packed rings too; leave it out for cryptodev-vhost-user')
    .option('--once', 'end when the first client has gone')
    .option(
      '--trace <file>',
      `write the last ${TRACED_REQUESTS} requests there, without keys, as JSON lines at the end`,
    );
  return addBackendOptions(addCheckOptions(command)).action(async (flags: VhostUserFlags, command: Command) => {
    requireFault(flags, command);
    process.exitCode = await run(flags, commandOutput(false));
  });
}

function parseQueues(text: string): number {
  const queues = Number(text);
  if (/^[0-9]{1,3}$/.test(text) && queues >= 1 && queues <= QUEUES_MAX) return queues;
  throw new InvalidArgumentError(`Give a whole number from 1 to ${QUEUES_MAX}.`);
}

/** The device checks names one by one: what is given here comes word by word. */
function collectAlgorithms(word: string, before: AlgorithmChoice | undefined): AlgorithmChoice {
  const isChoice = word === 'all' || word === 'modern';
  if (isChoice && before === undefined) return word;
  try {
    const [name] = isChoice ? [] : resolveAlgorithms([word as AlgorithmName]);
    if (name !== undefined && typeof before !== 'string') return [...(before ?? []), name];
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
  throw new InvalidArgumentError('Give names, or all, or modern alone.');
}

/**
 * Runs the daemon, and returns the exit status: 0 after a signal or the client's end; 1 if its one client failed, or a driver broke
 * something under --check.
 */
async function run(flags: VhostUserFlags, output: Output): Promise<number> {
  const { socket, client, algorithms, queues, packed, once, trace } = flags;
  // The trace of a long life must not be lost at its end.
  const file = trace === undefined ? undefined : openTrace(trace);
  const interruption = takeInterruption();
  const checker = checkerOf(flags, output);
  let server: VhostUserServer | undefined;
  let failed = false;
  try {
    server = await serveVhostUser({
      ...{ socket, role: client ? 'client' : 'server', dataQueues: queues, once: once ?? false },
      ...backendOptions(flags),
      ...(algorithms === undefined ? {} : { algorithms }),
      ...(packed ? { features: { packed: true } } : {}),
      ...(checker && { createDevice: checker.createDevice }),
      onEvent: (event) => {
        failed = event.kind === 'failed' || (failed && event.kind !== 'connected');
        log(event, output);
      },
    });
    const serving = server;
    if (!client) output.line(commandLines(socket, queues, true));
    const tracer =
      file === undefined
        ? undefined
        : new DeviceTracer(serving.device, { kept: TRACED_REQUESTS, perSecond: Number.POSITIVE_INFINITY });
    if (tracer && checker?.observer) serving.device.observe(besideTracer(checker.observer, tracer));
    const say = () => output.line(report(serving.device.statistics()));
    process.on('SIGUSR1', say);
    interruption.signal.addEventListener('abort', () => serving.close(), { once: true });
    if (interruption.signal.aborted) serving.close();
    await serving.ended;
    process.off('SIGUSR1', say);
    say();
    if (file !== undefined && tracer) writeSync(file, toJsonLines(tracer.requestsSince(0)));
    const isBroken = checker !== undefined && reportCheck(checker, flags, output);
    return isBroken || (failed && (once || client)) ? 1 : 0;
  } finally {
    server?.close();
    interruption.end();
    if (file !== undefined) closeSync(file);
  }
}

function log({ kind, message }: VhostUserEvent, output: Output): void {
  if (kind === 'failed' || kind === 'refused' || kind === 'warning') output.failed(message);
  else output.ok(message);
}

function openTrace(path: string): number {
  try {
    return openSync(path, 'w');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    throw new Error(`--trace ${path} cannot be written${code}: give a file in a folder that exists.`, { cause: error });
  }
}
