import { cpus } from 'node:os';
import { engineBuild, engineBytes, instantiateEngine } from '../../engine/load.ts';
import { VERSION } from '../version.ts';
import { MASK } from './masked_protocol.ts';

/** What a figure depends on, beside the code. */
export interface MachineFacts {
  cpu: string;
  cores: number;
  platform: string;
  node: string;
  openssl: string;
  library: string;
  mask: string;
  engine: EngineFacts;
}

export interface EngineFacts {
  build: string;
  bytes: number;
  /** To decode the binary, compile and instantiate it, in a process that had not done so before. */
  milliseconds: number;
}

export function machineFacts(engine: EngineFacts): MachineFacts {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() || 'unknown processor',
    cores: processors.length,
    platform: `${process.platform} ${process.arch}`,
    node: process.versions.node,
    openssl: process.versions.openssl ?? 'none',
    library: VERSION,
    mask: MASK,
    engine,
  };
}

/** Loads the engine, to see how long that takes: to be called before anything else needs it. */
export function loadEngine(): EngineFacts {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const start = performance.now();
  instantiateEngine(memory);
  const milliseconds = performance.now() - start;
  return { build: engineBuild(), bytes: engineBytes().length, milliseconds };
}
