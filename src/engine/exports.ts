/**
 * The engine's exports. assembly/index.ts documents them. `device` is the address of the device's region. Addresses of guest memory are
 * guest-physical; pointers are offsets in the WebAssembly memory. WebAssembly returns 32-bit numbers as signed numbers, so pointers, serial
 * numbers and pairs of indices need `>>> 0`.
 */
export interface EngineExports {
  regionBytes(dataQueues: number, maxQueueSize: number, sessions: number, maxRequestBytes: number): number;
  initialise(device: number, dataQueues: number, maxQueueSize: number, sessions: number, maxRequestBytes: number): void;
  addMemory(device: number, start: bigint, size: bigint, pointer: number): number;
  forgetMemory(device: number): void;
  offer(device: number, service: number, algorithms: bigint): void;
  limitKeys(device: number, bytes: number): void;
  limitAkcipherKeys(device: number, bytes: number): void;
  reportWrites(device: number, on: number): void;
  reportRefusals(device: number, on: number): void;
  setFeatures(device: number, features: bigint): void;
  enableQueue(device: number, index: number, size: number, desc: bigint, avail: bigint, used: bigint): number;
  hasAvailable(device: number, index: number): number;
  notify(device: number, index: number, requests: number, bytes: number, descriptors: number): number;
  reset(device: number): void;
  resetQueue(device: number, index: number): void;
  fault(device: number): number;
  faultQueue(device: number): number;
  setFault(device: number, fault: number, queue: number): void;
  queueIndices(device: number, index: number): number;
  setQueueIndices(device: number, index: number, indices: number): number;
  queueRequests(device: number, index: number): bigint;
  statisticsAt(device: number): number;
  placementAt(device: number): number;
  sessionCount(device: number): number;
  sessionSerial(device: number): number;
  setSessionSerial(device: number, serial: number): void;
  sessionAt(device: number, index: number): number;
  placeSessions(device: number): void;
  restoreSession(device: number, id: bigint): number;
  expandSession(device: number, session: number): number;
  deferredBytes(records: number): number;
  useDeferred(device: number, table: number, records: number, inPlace: number): void;
  drop(device: number, record: number): void;
  complete(device: number, record: number, status: number, resultBytes: number): number;
  sessionBytes(): number;
  jobBytes(readableBytes: number, writableBytes: number): number;
  runJobs(device: number, jobs: number, count: number): void;
  saTableBytes(outbound: number, inbound: number): number;
  useSas(device: number, table: number, outbound: number, inbound: number): void;
  createSa(device: number, direction: number, id: number): number;
  modifySa(device: number, direction: number, id: number): number;
  destroySa(device: number, direction: number, id: number): number;
  clearAssociations(device: number): void;
  saAt(device: number, direction: number, id: number): number;
}

/** The exports that a binary must have to be this engine. */
export const ENGINE_EXPORTS: readonly (keyof EngineExports)[] = [
  'regionBytes',
  'initialise',
  'addMemory',
  'forgetMemory',
  'offer',
  'limitKeys',
  'limitAkcipherKeys',
  'reportWrites',
  'reportRefusals',
  'setFeatures',
  'enableQueue',
  'hasAvailable',
  'notify',
  'reset',
  'resetQueue',
  'fault',
  'faultQueue',
  'setFault',
  'queueIndices',
  'setQueueIndices',
  'queueRequests',
  'statisticsAt',
  'placementAt',
  'sessionCount',
  'sessionSerial',
  'setSessionSerial',
  'sessionAt',
  'placeSessions',
  'restoreSession',
  'expandSession',
  'deferredBytes',
  'useDeferred',
  'drop',
  'complete',
  'sessionBytes',
  'jobBytes',
  'runJobs',
  'saTableBytes',
  'useSas',
  'createSa',
  'modifySa',
  'destroySa',
  'clearAssociations',
  'saAt',
];
