import type { SaveOptions } from '../../src/device/contract.ts';
import { type AnyRig, PackedRig, Rig, type RigOptions } from './rig.ts';

/** Saves a rig and restores it in another: guest RAM is copied, the state goes through JSON. */
export function moved<R extends AnyRig>(
  from: R,
  options: RigOptions = {},
  ramFirst = true,
  save: SaveOptions = { includeKeys: true },
): R {
  const same = { ...options, features: from.features, start: false };
  const to = (from instanceof PackedRig ? new PackedRig(same) : new Rig(same)) as AnyRig as R;
  const copyRam = () => to.write(0, from.read(0, 1024 * 1024));
  if (ramFirst) copyRam();
  to.device.restore(JSON.parse(JSON.stringify(from.device.save(save))));
  if (!ramFirst) copyRam();
  to.data.follow(from.data);
  to.control.follow(from.control);
  return to;
}
