import { FAULT_NONE } from '../../spec/engine.ts';
import type { AkcipherKeys } from '../backend/akcipher/keys.ts';
import type { EngineExports } from '../engine/exports.ts';
import type { WasmMemory } from '../engine/webassembly.ts';
import type { Administration } from './admin/administration.ts';
import { restoreAdministration, saveAdministration } from './admin/saved.ts';
import type { ConfigSpace } from './config_space.ts';
import type { DeviceQueues } from './device_queues.ts';
import type { SaTable } from './ipsec/sa_table.ts';
import type { Negotiation } from './negotiation.ts';
import type { ResolvedOptions } from './options.ts';
import type { QueueRunner } from './queue_runner.ts';
import { type DeviceState, readSessions, restoreSessions, STATE_VERSION, StateError } from './state.ts';

/** The parts of a device that a saved state is made of. */
export interface SavedParts {
  engine: EngineExports;
  /** Offset of the engine's region in `memory`. */
  base: number;
  memory: WasmMemory;
  options: ResolvedOptions;
  negotiation: Negotiation;
  config: ConfigSpace;
  queues: DeviceQueues;
  runner: QueueRunner;
  /** The keys of AKCIPHER sessions, if the device offers them. */
  keys: AkcipherKeys | undefined;
  administration: Administration;
  /** The security associations, if the device offers the IPSEC service. */
  associations: SaTable | undefined;
}

/** The state of a device. No request may be under way. */
export function deviceState(parts: SavedParts, includeKeys: boolean): DeviceState {
  const { engine, base, memory, options, negotiation, config, queues, runner, keys } = parts;
  const { administration, associations } = parts;
  const { dataQueues, queueSize, maxSessions, maxRequestBytes } = options;
  return {
    version: STATE_VERSION,
    options: { dataQueues, queueSize, maxSessions, maxRequestBytes },
    status: negotiation.status,
    driverFeatures: negotiation.driverFeatures.toString(),
    hardwareReady: config.hardwareReady,
    ...(config.hardwareReadyLater === undefined ? {} : { hardwareReadyLater: config.hardwareReadyLater }),
    generation: config.generation,
    fault: engine.fault(base),
    faultQueue: engine.faultQueue(base),
    queues: queues.registers.map((queue, index) => ({
      ...queue.save(),
      indices: queues.indices(index),
      held: runner.waits(index),
    })),
    throttle: runner.levels(),
    sessionSerial: engine.sessionSerial(base) >>> 0,
    sessions: readSessions(engine, memory, base, maxSessions, includeKeys, keys),
    ...(options.features.adminQueue ? { administration: saveAdministration(administration, includeKeys) } : {}),
    // An association is no use without its keys, so it is saved with them or not at all.
    ...(associations && !options.features.adminQueue ? { associations: includeKeys ? associations.save() : [] } : {}),
  };
}

/**
 * Restores queues, sessions and throttle of a device that was reset, and whose status and features are restored already.
 * @throws StateError if one of them does not fit the device
 */
export function restoreParts(parts: SavedParts, state: DeviceState): void {
  const { engine, base, memory, runner, keys, administration, associations } = parts;
  restoreQueues(parts, state);
  if (state.fault !== FAULT_NONE) engine.setFault(base, state.fault, state.faultQueue);
  restoreSessions(engine, memory, base, state, keys);
  for (const saved of state.associations ?? []) {
    if (associations?.restore(saved)) continue;
    throw new StateError(
      `The saved security association ${saved.id} is not possible here: create the device with the same algorithms and limits.`,
    );
  }
  const misfit = state.administration && restoreAdministration(administration, state.administration);
  if (misfit) throw new StateError(`The saved state does not fit this device: ${misfit}.`);
  runner.setLevels(state.throttle);
  state.queues.forEach(({ held }, index) => {
    if (held) runner.resume(index);
  });
}

function restoreQueues({ queues, negotiation }: SavedParts, state: DeviceState): void {
  state.queues.forEach((saved, index) => {
    const queue = queues.registers[index];
    if (!queue) return;
    queue.restore(saved);
    if (!queue.enabled) return;
    if (queues.enable(index, queue) !== FAULT_NONE) {
      negotiation.needReset();
    } else if (!queues.setIndices(index, saved.indices)) {
      throw new StateError(`The saved state is damaged: queue ${index} stands beyond the end of its ring.`);
    }
  });
}
