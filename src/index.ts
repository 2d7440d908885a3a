/**
 * A virtio crypto device over a guest memory, independent of any emulator.
 * @module virtio-crypto-wasm
 */
export type { BackendCounts, BackendEvent, BackendName, RequestCosts } from './backend/contract.ts';
export type { BackendOptions } from './backend/options.ts';
export { CostsError } from './backend/placement/known_costs.ts';
export type { Threshold, Thresholds } from './backend/placement/thresholds.ts';
export { ThresholdsError } from './backend/placement/thresholds.ts';
export type { CreateWorker, DeviceWorker } from './backend/workers/browser_worker.ts';
export type { Clock } from './clock.ts';
export type {
  Administered,
  AdminOutcome,
  Capability,
  DriverCapabilities,
  ObjectType,
} from './device/admin/contract.ts';
export type { CreateOptions, InterruptHandler, QueuePositions, SaveOptions } from './device/contract.ts';
export { CryptoDevice, createCryptoDevice } from './device/device.ts';
export type { DeviceFault } from './device/faults.ts';
export type { FeatureOptions } from './device/features.ts';
export type { LimitOptions } from './device/limits.ts';
export type { CryptoDeviceOptions } from './device/options.ts';
export type { DeviceObserver } from './device/queue_runner.ts';

export type { FeaturesRefusal, Refusal, RequestRefusal } from './device/refusals.ts';

export type { ConfigurationRegisters, DeviceRegisters } from './device/registers.ts';

export { type DeviceState, StateError } from './device/state.ts';
export type { CountedService, Counts, ErrorStatus, QueueCounts, Statistics } from './device/statistics.ts';
export type { ForeignGuest } from './engine/foreign/guest.ts';
export type { ForeignRegion, GuestMemoryPort } from './engine/foreign/port.ts';
export type { WriteReport } from './engine/instantiate.ts';
export type { Guest, GuestMemory, GuestRegion } from './engine/memory.ts';
