/** The device that the table declares: a register window in guest-physical memory, and its interrupt. */
export interface MmioPlace {
  address: number;
  bytes: number;
  /** Global system interrupt; level-triggered, active high. */
  irq: number;
}

const HEADER_BYTES = 36;
const CHECKSUM_AT = 9;

// Byte values of the ACPI Machine Language (ACPI 6.1, 20.2) and of resource descriptors (6.4).
const SCOPE_OP = [0x10];
const DEVICE_OP = [0x5b, 0x82];
const NAME_OP = 0x08;
const BUFFER_OP = 0x11;
const BYTE_PREFIX = 0x0a;
const STRING_PREFIX = 0x0d;
const ROOT_PREFIX = 0x5c;
const MEMORY32_FIXED = [0x86, 9, 0];
const READ_WRITE = 1;
const EXTENDED_INTERRUPT = [0x89, 6, 0];
const CONSUMER_LEVEL_HIGH_EXCLUSIVE = 1;
const END_TAG = [0x79, 0];

const ascii = (text: string): number[] => Array.from(text, (character) => character.charCodeAt(0));
const le32 = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
const named = (name: string, value: readonly number[]): number[] => [NAME_OP, ...ascii(name), ...value];

/** An opcode, its length and its contents. The length counts itself: it has one byte up to 63, and two bytes beyond (20.2.4). */
function packaged(opcode: readonly number[], contents: readonly number[]): number[] {
  const short = contents.length + 1;
  const length = short < 64 ? [short] : [0x40 | ((short + 1) & 0x0f), (short + 1) >> 4];
  return [...opcode, ...length, ...contents];
}

/**
 * An SSDT that declares one virtio-mmio device, with the id that Linux's driver knows (LNRO0005). MMIO has no discovery of its own (4.2.1),
 * so a guest with ACPI learns from this table where the device is. In ASL:
 *
 *     Scope (\_SB) { Device (VCxx) {
 *       Name (_HID, "LNRO0005")  Name (_UID, irq)
 *       Name (_CRS, ResourceTemplate () {
 *         Memory32Fixed (ReadWrite, address, bytes)
 *         Interrupt (ResourceConsumer, Level, ActiveHigh, Exclusive) { irq }
 *       })
 *     } }
 */
export function mmioDeviceTable({ address, bytes, irq }: MmioPlace): Uint8Array {
  const resources = [
    ...[...MEMORY32_FIXED, READ_WRITE, ...le32(address), ...le32(bytes)],
    ...[...EXTENDED_INTERRUPT, CONSUMER_LEVEL_HIGH_EXCLUSIVE, 1, ...le32(irq)],
    ...END_TAG,
  ];
  const device = packaged(DEVICE_OP, [
    ...ascii(`VC${irq.toString(16).toUpperCase().padStart(2, '0')}`),
    ...named('_HID', [STRING_PREFIX, ...ascii('LNRO0005'), 0]),
    ...named('_UID', [BYTE_PREFIX, irq]),
    ...named('_CRS', packaged([BUFFER_OP], [BYTE_PREFIX, resources.length, ...resources])),
  ]);
  const body = packaged(SCOPE_OP, [ROOT_PREFIX, ...ascii('_SB_'), ...device]);
  const table = Uint8Array.from([
    ...ascii('SSDT'),
    ...le32(HEADER_BYTES + body.length),
    // Revision 2; the checksum comes last.
    ...[2, 0],
    ...ascii('VIRTIO'),
    ...ascii('VCRYPTO\0'),
    ...le32(1),
    ...ascii('VCWA'),
    ...le32(1),
    ...body,
  ]);
  table[CHECKSUM_AT] = -table.reduce((sum, byte) => sum + byte, 0) & 0xff;
  return table;
}
