import type { AdminCommands } from '../../engine/instantiate.ts';
import type { WasmMemory } from '../../engine/webassembly.ts';
import type { Administration } from './administration.ts';

/**
 * Runs the commands that the engine takes from the administration virtqueue (2.13 of virtio 1.4). The engine has copied a command out of
 * guest memory, and copies the answer back. Both may contain keys, so the copies made here are wiped.
 * @param memory the engine's memory
 */
export function adminCommands(memory: WasmMemory, administration: Administration): AdminCommands {
  return (at, bytes, answerAt, room) => {
    const command = new Uint8Array(memory.buffer, at, bytes).slice();
    const answer = administration.run(command);
    const written = Math.min(answer.length, room);
    // A command may have made the memory grow, so the view is a new one.
    new Uint8Array(memory.buffer, answerAt, written).set(answer.subarray(0, written));
    command.fill(0);
    answer.fill(0);
    return written;
  };
}
