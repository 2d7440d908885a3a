import { SESSION_DEFER_FROM, SESSION_FROM_MANY, SESSION_HOST_FROM } from '../../spec/engine.ts';
import type { EngineExports } from '../engine/exports.ts';
import type { Backend } from './backend.ts';

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
      view.setUint32(session + offset, by.from(session, false), true);
      view.setUint32(session + offset + SESSION_FROM_MANY, by.from(session, true), true);
    }
  }
}
