import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { BACKENDS, type BackendName, type RequestCosts } from '../backend/contract.ts';
import type { BackendOptions } from '../backend/options.ts';
import type { Thresholds } from '../backend/placement/thresholds.ts';
import { parseThresholds, ThresholdsError } from '../backend/placement/thresholds.ts';
import { WORKERS_MAX } from '../backend/workers/control.ts';
import { defaultWorkers } from '../backend/workers/cores.ts';
import { ModelFileError, readModelOfThisMachine } from './calibrate/model_file.ts';

/** What the command line says of the device's backend. */
export interface BackendFlags {
  backend: BackendName;
  workers: number;
  thresholds?: Thresholds;
  /** Costs that were measured on this machine. */
  model?: readonly RequestCosts[];
}

/** Adds --backend, --workers, --thresholds and --model. */
export function addBackendOptions(command: Command): Command {
  return command
    .addOption(new Option('--backend <name>', 'where requests run').choices(BACKENDS).default('auto'))
    .addOption(workersOption())
    .addOption(thresholdsOption())
    .addOption(modelOption());
}

export function workersOption(): Option {
  return new Option('--workers <n>', 'threads beside the emulator, where the backend has them')
    .argParser(parseWorkers)
    .default(defaultWorkers(), 'one a core, 4 at most');
}

export function thresholdsOption(): Option {
  return new Option(
    '--thresholds <file>',
    'sizes from which auto runs requests elsewhere, as calibrate wrote them',
  ).argParser(readThresholds);
}

export function modelOption(): Option {
  return new Option('--model <file>', 'costs that auto begins with, as calibrate --model wrote them on this machine')
    .argParser(readCosts)
    .conflicts('thresholds');
}

/** As the device takes them. */
export function backendOptions({ backend, workers, thresholds, model }: BackendFlags): BackendOptions {
  return { backend, workers, ...(thresholds && { thresholds }), ...(model && { costs: model }) };
}

function parseWorkers(text: string): number {
  const workers = Number(text);
  if (!/^[0-9]{1,3}$/.test(text) || workers < 1 || workers > WORKERS_MAX) {
    throw new InvalidArgumentError(`Give a whole number from 1 to ${WORKERS_MAX}.`);
  }
  return workers;
}

const REMEDY = 'Give a file that virtio-crypto calibrate wrote.';

function readThresholds(path: string): Thresholds {
  try {
    return parseThresholds(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    if (error instanceof ThresholdsError) throw new InvalidArgumentError(`${error.message} ${REMEDY}`);
    if (error instanceof SyntaxError) throw new InvalidArgumentError(`It holds no JSON. ${REMEDY}`);
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    throw new InvalidArgumentError(`It cannot be read${code}. ${REMEDY}`);
  }
}

function readCosts(path: string): readonly RequestCosts[] {
  try {
    return readModelOfThisMachine(path).costs;
  } catch (error) {
    if (error instanceof ModelFileError) throw new InvalidArgumentError(error.message);
    throw error;
  }
}
