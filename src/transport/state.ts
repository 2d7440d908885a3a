// The saved states of the transports: like a device's, they may come from anywhere.
import * as v from 'valibot';
import { StateError } from '../device/state.ts';

const uint32 = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffffffff));
const vector = v.pipe(uint32, v.maxValue(0xffff));
const hex = v.pipe(v.string(), v.regex(/^(?:[0-9a-f]{2})*$/));
/** ISR_QUEUE and ISR_CONFIG; InterruptStatus has the same bits. */
const interruptBits = v.pipe(uint32, v.maxValue(3));
/** What the driver selected last. */
const Selected = v.strictObject({ deviceFeature: uint32, driverFeature: uint32, queue: uint32 });

/** What VirtioMmio.save() answers. */
export const MmioState = v.strictObject({ interruptStatus: interruptBits, selected: Selected });

/** What VirtioPci.save() answers. */
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
 * Checks what is offered as a transport's saved state.
 * @throws StateError that says what is wrong with it
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
