// Lives whose workers are no threads. To be imported before anything of src/: it puts simulated workers in the place of threads, and
// has the records of deferred requests be as many as a life says.
import { expect, vi } from 'vitest';
import type { ThreadEvents } from '../../../src/backend/workers/thread.ts';
import { engineBytes } from '../../../src/engine/load.ts';
import { sharedBuild } from '../../../src/engine/shared_build.ts';
import { liveWith } from './life.ts';
import { Machine } from './machine.ts';
import type { Operation, Setting } from './operations.ts';
import { SimulatedWorkers } from './simulated_workers.ts';

const simulated = vi.hoisted(() => ({ workers: undefined as SimulatedWorkers | undefined, slots: 64 }));

vi.mock('../../../src/backend/workers/thread.ts', () => ({
  createThread: (events: ThreadEvents) => simulated.workers?.createThread(events) ?? expect.unreachable(),
}));
vi.mock('../../../src/backend/deferral/layout.ts', async (importOriginal) => {
  const layout = await importOriginal<typeof import('../../../src/backend/deferral/layout.ts')>();
  const sharedLayout: typeof layout.sharedLayout = (engine, workers, bytes, most) =>
    layout.sharedLayout(engine, workers, bytes, most ?? simulated.slots);
  return { ...layout, sharedLayout };
});

// Each pool decodes and compiles the engine anew: of all lives one does.
const { once } = vi.hoisted(() => ({
  once: <K, V>(make: (key: K) => V) => {
    const made = new Map<K, V>();
    return (key: K): V => {
      const value = made.get(key) ?? make(key);
      made.set(key, value);
      return value;
    };
  },
}));
vi.mock('../../../src/engine/load.ts', async (importOriginal) => {
  const load = await importOriginal<typeof import('../../../src/engine/load.ts')>();
  return { ...load, engineBytes: once(load.engineBytes) };
});
vi.mock('../../../src/engine/shared_build.ts', async (importOriginal) => {
  const { sharedBuild } = await importOriginal<typeof import('../../../src/engine/shared_build.ts')>();
  return { sharedBuild: once(sharedBuild) };
});

const { compile } = WebAssembly;
const { getBuiltinModule } = process;
const compileOnce = once((bytes: BufferSource) => compile(bytes));

/**
 * Lives a life.
 * @throws Wrong where the driver finds what it must not, and whatever else goes wrong
 */
export async function live(setting: Setting, operations: readonly Operation[]): Promise<void> {
  const workers = new SimulatedWorkers();
  simulated.workers = workers;
  simulated.slots = setting.slots;
  WebAssembly.compile = compileOnce as typeof WebAssembly.compile;
  const withoutNode = (name: string) => (name === 'node:crypto' ? undefined : getBuiltinModule(name));
  Object.assign(process, { getBuiltinModule: setting.browser ? withoutNode : getBuiltinModule });
  const { waitAsync } = Atomics;
  if (setting.messages) Object.assign(Atomics, { waitAsync: undefined });
  // What a start waits for takes real time but once.
  await import('../../../src/backend/workers/pool.ts');
  await compileOnce(sharedBuild(engineBytes()));
  try {
    await liveWith(new Machine(setting, workers), workers, operations);
  } finally {
    Object.assign(process, { getBuiltinModule });
    Object.assign(Atomics, { waitAsync });
    WebAssembly.compile = compile;
  }
}
