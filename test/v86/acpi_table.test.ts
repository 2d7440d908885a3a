import { describe, expect, test } from 'vitest';
import { mmioDeviceTable } from '../../src/v86/acpi_table.ts';

const table = mmioDeviceTable({ address: 0xd000_0000, bytes: 0x200, irq: 7 });
const view = new DataView(table.buffer);
const text = (start: number, end: number) => Buffer.from(table.subarray(start, end)).toString('latin1');

/** What Intel's compiler (iasl 20200925) makes of the ASL that mmioDeviceTable() is documented with, behind the header. */
const COMPILED =
  '1044045c5f53425f5b823b56433037085f4849440d4c4e524f3030303500085f5549440a07085f435253111a0a17' +
  '86090001000000d0000200008906000101070000007900';

describe('the ACPI table of a device over MMIO', () => {
  test('is an SSDT of the length that it says, whose bytes add up to 0', () => {
    expect(text(0, 4)).toBe('SSDT');
    expect(view.getUint32(4, true)).toBe(table.length);
    expect(table.reduce((sum, byte) => (sum + byte) & 0xff, 0)).toBe(0);
    expect(text(10, 16)).toBe('VIRTIO');
  });

  test('declares LNRO0005 with the window and the interrupt, as the ACPI compiler encodes it', () => {
    expect(Buffer.from(table.subarray(36)).toString('hex')).toBe(COMPILED);
  });

  test('gives each device of a machine a name, an id and resources of its own', () => {
    const other = Buffer.from(mmioDeviceTable({ address: 0xc002_0000, bytes: 0x200, irq: 5 }));
    expect(other.includes('VC05')).toBe(true);
    expect(other.indexOf(Buffer.from('000002c000020000', 'hex'))).toBeGreaterThan(36);
    expect(other.length).toBe(table.length);
  });
});
