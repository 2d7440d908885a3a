import { noise } from './memory.ts';

/** A state in v86's format, of a machine with so much memory, with one buffer of noise. */
export function v86State(memoryMiB: number, { magic = 0x86768676, version = 6 } = {}): ArrayBuffer {
  const buffer = new Uint8Array(noise(100_000));
  const info = new TextEncoder().encode(
    JSON.stringify({ buffer_infos: [{ offset: 0, length: buffer.length }], state: [memoryMiB * 1024 * 1024, 7] }),
  );
  const buffersAt = (16 + info.length + 3) & ~3;
  const state = new Uint8Array(buffersAt + buffer.length);
  new Uint32Array(state.buffer, 0, 4).set([magic, version, state.length, info.length]);
  state.set(info, 16);
  state.set(buffer, buffersAt);
  return state.buffer;
}
