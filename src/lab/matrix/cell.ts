import type { Violation } from '../checker/violation.ts';
import type { DriverName } from '../drivers/index.ts';
import type { Outcome } from '../faults/fault.ts';
import type { FaultName } from '../faults/index.ts';
import type { ScenarioName } from '../scenarios/index.ts';
import type { FeatureSetName } from './features.ts';

export const RINGS = ['split', 'packed'] as const;
export type Ring = (typeof RINGS)[number];

export const TRANSPORTS = ['pci', 'pci-memory', 'mmio'] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** A device that does its work. */
export const NO_FAULT = 'none';

/** One place of the matrix: a scenario that a driver goes through with one device. */
export interface Cell {
  scenario: ScenarioName;
  fault: FaultName | typeof NO_FAULT;
  ring: Ring;
  features: FeatureSetName;
  transport: Transport;
  /** The name of a driver in DRIVERS, or `own` for the caller's. */
  driver: DriverName | 'own';
  /** From it come all contents, lengths and orders, and the request that the fault strikes. */
  seed: number;
}

/** A cell's name, without its seed. */
export function cellName({ scenario, fault, ring, features, transport, driver }: Cell): string {
  return [scenario, fault, ring, features, transport, driver].join(' / ');
}

/** What became of one request. */
export interface RequestEnd {
  /** What it was. */
  what: string;
  /** `ok`, another status of 5.9.7.1, `wrong`, `rejected: ` and the reason, or `open` for a request that hangs. */
  end: string;
  /** Whether it ended as it has to where the device does its work. */
  expected: boolean;
}

/** Something that driver and device did, in the order of time. */
export interface Happening {
  /** Milliseconds of the cell's own time. */
  at: number;
  kind:
    | 'register'
    | 'configuration'
    | 'queue'
    | 'notification'
    | 'device'
    | 'interrupt'
    | 'scenario'
    | 'fault'
    | 'violation';
  text: string;
  /** The next request of the queue, as it was when the driver notified the device. */
  request?: DecodedRequest;
}

/** A request's chain and its fields. */
export interface DecodedRequest {
  /** Operation, algorithm, bytes and session in short. */
  summary: string;
  descriptors: { table: string; index: number; address: number; bytes: number; flags: number; last: number }[];
  fields: { part: string; offset: number; bytes: number; name: string; value: string; section: string }[];
}

/** What a driver did in a cell, beside what it should do. */
export interface CellResult {
  cell: Cell;
  outcome: Outcome;
  /** The outcomes of a correct driver. */
  expected: readonly Outcome[];
  /** Whether the outcome is one of them, nothing was violated, and nothing leaked. */
  passed: boolean;
  /** Whether the device misbehaved: a scenario may end before the request that a fault strikes. */
  struck: boolean;
  /** The request that the fault struck, counted from 1 over all data queues; undefined without a fault. */
  nth: number | undefined;
  requests: RequestEnd[];
  violations: Omit<Violation, 'at'>[];
  /** Sessions that were open at the end, and bytes of guest memory that the driver had not given back after it was stopped. */
  leaks: { sessions: number; bytes: number };
  /** What happened around the fault or the first violation; else at the end. */
  timeline: Happening[];
  /** Lines of a guest's log that report an error of its kernel. */
  log: string[];
  /** How long the cell took, in milliseconds. */
  milliseconds: number;
}
