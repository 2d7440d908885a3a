import { cpus } from 'node:os';
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
}

export function machineFacts(): MachineFacts {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() || 'unknown processor',
    cores: processors.length,
    platform: `${process.platform} ${process.arch}`,
    node: process.versions.node,
    openssl: process.versions.openssl ?? 'none',
    library: VERSION,
    mask: MASK,
  };
}
