// The saved states of the transports. They are checked, because they may come from anywhere, as a device's state may.
import * as v from 'valibot';
import { StateError } from '../device/state.ts';

const uint32 = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffffffff));
const vector = v.pipe(uint32, v.maxValue(0xffff));
const hex = v.pipe(v.string(), v.regex(/^(?:[0-9a-f]{2})*$/));
/** ISR_QUEUE and ISR_CONFIG; InterruptStatus has the same bits. */
const interruptBits = v.pipe(uint32, v.maxValue(3));
/** The values of the driver's select registers. */
const Selected = v.strictObject({ deviceFeature: uint32, driverFeature: uint32, queue: uint32 });

/** The result of VirtioMmio.save(). */
export const MmioState = v.strictObject({ interruptStatus: interruptBits, selected: Selected });

/** The result of VirtioPci.save(). */
export const PciState = v.strictObject({
  isr: interruptBits,
  selected: Selected,
  config: v.exactOptional(hex),
  msix: v.exactOptional(
    v.strictObject({
      table: hex,
      pending: hex,
      vectors: v.strictObject({ config: vector, queues: v.array(vector) }),
    }),
  ),
});

/**
 * Checks a saved state of a transport.
 * @throws StateError that names the first wrong field
 */
export function parseTransportState<Schema extends v.GenericSchema>(
  schema: Schema,
  saved: unknown,
  transport: 'PCI' | 'MMIO',
): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, saved);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new StateError(
    `The saved state of the ${transport} transport is damaged: ${v.getDotPath(issue) ?? 'state'}: ${issue.message}`,
  );
}
