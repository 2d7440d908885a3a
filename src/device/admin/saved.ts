import * as v from 'valibot';
import { bytesOf, hexOf } from '../hex.ts';
import type { Administration } from './administration.ts';
import { DONE } from './contract.ts';

const uint16 = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffff));
const uint32 = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffffffff));
const hex = v.pipe(v.string(), v.regex(/^(?:[0-9a-f]{2})*$/));

/** What the driver has said on the administration queue, and its objects. Bytes are in hexadecimal. */
export const SavedAdministration = v.strictObject({
  /** Opcodes that the driver uses. */
  used: v.array(uint16),
  capabilities: v.array(v.strictObject({ id: uint16, data: hex })),
  objects: v.array(v.strictObject({ type: uint16, id: uint32, data: hex, state: v.exactOptional(hex) })),
});
export type SavedAdministration = v.InferOutput<typeof SavedAdministration>;

/** @param includeKeys whether objects that contain keys are saved. Otherwise they are lost */
export function saveAdministration(from: Administration, includeKeys: boolean): SavedAdministration {
  return {
    used: from.used,
    capabilities: from.capabilities.set.map(({ id, data }) => ({ id, data: hexOf(data) })),
    objects: from.objects.list(includeKeys).map(({ type, id, data, state }) => ({
      type,
      id,
      data: hexOf(data),
      ...(state && { state: hexOf(state) }),
    })),
  };
}

/** Takes over what saveAdministration() returned, after a reset. Returns what does not fit this device; undefined if all does. */
export function restoreAdministration(to: Administration, saved: SavedAdministration): string | undefined {
  if (to.use(saved.used).status !== DONE.status) return 'its driver uses administration commands that there are not';
  for (const { id, data } of saved.capabilities) {
    const bytes = bytesOf(data);
    const isWhole = to.capabilities.ofDevice(id)?.length === bytes.length;
    if (!isWhole || to.capabilities.setDriver(id, bytes).status !== DONE.status) {
      return `capability 0x${id.toString(16)} is not possible here`;
    }
  }
  for (const { type, id, data, state } of saved.objects) {
    const object = { type, id, data: bytesOf(data) };
    if (!to.objects.restore(object, state === undefined ? undefined : bytesOf(state))) {
      return `object ${id} of type 0x${type.toString(16)} is not possible here`;
    }
  }
  return undefined;
}
