import { SESSION_DEFER_FROM, SESSION_FROM_BYTES, SESSION_HOST_FROM } from '../../spec/engine.ts';
import { DEPTHS } from '../engine/depth.ts';
import type { EngineExports } from '../engine/exports.ts';
import type { Backend } from './contract.ts';

/** Says anew of every open session where its requests run: the engine asks only when it expands a session's keys. */
export function placeSessions(
  engine: EngineExports,
  memory: WebAssembly.Memory,
  device: number,
  capacity: number,
  { host, deferral }: Pick<Backend, 'host' | 'deferral'>,
): void {
  const view = new DataView(memory.buffer);
  for (let slot = 0; slot < capacity; slot++) {
    const session = engine.sessionAt(device, slot) >>> 0;
    if (!session) continue;
    for (const [offset, by] of [
      [SESSION_HOST_FROM, host],
      [SESSION_DEFER_FROM, deferral],
    ] as const) {
      for (const [number, depth] of DEPTHS.entries()) {
        view.setUint32(session + offset + number * SESSION_FROM_BYTES, by.from(session, depth), true);
      }
    }
  }
}
