// The file that holds measured costs, with the machine that they were measured on.
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import * as v from 'valibot';
import type { RequestCosts } from '../../backend/contract.ts';
import { CostsError, parseCosts } from '../../backend/placement/known_costs.ts';

const FORMAT = 'virtio-crypto costs';
/** Counts changes of the file's form and of the families' names. */
const VERSION = 1;

/** Everything that the costs of requests hang on, beside the code. */
export interface MeasuredMachine {
  cpu: string;
  cores: number;
  platform: string;
  /** Node's first version number: each has a V8 of its own. */
  node: string;
  openssl: string;
  /** OPENSSL_ia32cap, which hides instructions from OpenSSL; empty: it is not set. */
  mask: string;
}

export interface ModelFile {
  machine: MeasuredMachine;
  costs: RequestCosts[];
}

/** Reasons why a model file is of no use here. The message says what is wrong, and what to do. */
export class ModelFileError extends Error {
  override name = 'ModelFileError';
}

const text = v.pipe(v.string(), v.maxLength(256));
const File = v.strictObject({
  format: v.literal(FORMAT),
  version: v.number(),
  machine: v.strictObject({
    cpu: text,
    cores: v.number(),
    platform: text,
    node: text,
    openssl: text,
    mask: text,
  }),
  costs: v.unknown(),
});

export function thisMachine(): MeasuredMachine {
  const { versions, platform, arch } = process;
  const { OPENSSL_ia32cap: mask = '' } = process.env;
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() || 'unknown processor',
    cores: processors.length,
    platform: `${platform} ${arch}`,
    node: versions.node.split('.')[0] ?? versions.node,
    openssl: versions.openssl ?? 'none',
    mask,
  };
}

export function modelText(costs: readonly RequestCosts[], machine = thisMachine()): string {
  return `${JSON.stringify({ format: FORMAT, version: VERSION, machine, costs }, undefined, 2)}\n`;
}

/**
 * Reads a model file.
 * @throws ModelFileError if the file cannot be read, is damaged, or is of another version
 */
export function readModel(path: string): ModelFile {
  const { version, machine, costs } = parsed(path);
  if (version !== VERSION) {
    throw new ModelFileError(`It is of version ${version}, and this command knows version ${VERSION}. ${REMEDY}`);
  }
  try {
    return { machine, costs: parseCosts(costs) };
  } catch (error) {
    if (error instanceof CostsError) throw new ModelFileError(`It is damaged. ${error.message} ${REMEDY}`);
    throw error;
  }
}

/**
 * Reads a model file that was measured on this machine.
 * @throws ModelFileError as readModel() does, or if the file is of another machine
 */
export function readModelOfThisMachine(path: string, here = thisMachine()): ModelFile {
  const model = readModel(path);
  for (const [part, measured] of Object.entries(model.machine)) {
    const own = Object.entries(here).find(([name]) => name === part)?.[1];
    if (measured !== own) {
      throw new ModelFileError(
        `It was measured elsewhere: its ${PARTS[part] ?? part} is ${shown(measured)}, here it is ${shown(own)}. ${REMEDY}`,
      );
    }
  }
  return model;
}

const REMEDY = 'Measure anew: virtio-crypto calibrate --model FILE.';
const PARTS: Readonly<Record<string, string>> = {
  cpu: 'processor',
  cores: 'number of cores',
  node: 'Node',
  openssl: 'OpenSSL',
  mask: 'OPENSSL_ia32cap',
};
const shown = (value: unknown): string => (value === '' ? 'not set' : String(value));

function parsed(path: string): v.InferOutput<typeof File> {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) throw new ModelFileError(`It holds no JSON. ${REMEDY}`);
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    throw new ModelFileError(`It cannot be read${code}. ${REMEDY}`);
  }
  const result = v.safeParse(File, json);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new ModelFileError(
    `It is no file of measured costs: ${v.getDotPath(issue) ?? 'all of it'}: ${issue.message}. ${REMEDY}`,
  );
}
