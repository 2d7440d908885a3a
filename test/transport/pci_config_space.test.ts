import { describe, expect, test } from 'vitest';
import * as spec from '../../spec/virtio_pci.ts';
import * as layout from '../../src/transport/pci/layout.ts';
import { type PciOptions, VirtioPci } from '../../src/transport/pci/pci.ts';
import { expectWorks, prepare, session } from '../support/requests.ts';
import { Rig, UP } from '../support/rig.ts';

function plugged(options: PciOptions = {}) {
  const rig = new Rig();
  const lines: boolean[] = [];
  const pci = new VirtioPci(rig.device, (level) => lines.push(level), options);
  return { rig, pci, lines };
}

const withMsix = (): PciOptions => ({ bar: 'memory', msix: { deliver: () => {} } });
const statusRegister = (pci: VirtioPci) => pci.readConfig(spec.PCI_STATUS, 2);

describe('4.1.1 the configuration space as a guest reads and writes it', () => {
  test('at power-on no BAR has an address and no space is enabled', () => {
    const { pci } = plugged(withMsix());
    expect(pci.readConfig(0, 4)).toBe(0x1054_1af4);
    expect(pci.readConfig(spec.PCI_COMMAND, 2)).toBe(0);
    expect(pci.bars).toEqual([
      { kind: 'memory', bytes: 4096, address: 0, enabled: false },
      { kind: 'memory', bytes: 4096, address: 0, enabled: false },
    ]);
  });

  test.each([
    ['io', 256, 0xffff_ff01, 0xc000, 0xc001],
    ['memory', 4096, 0xffff_f000, 0xfebf_0000, 0xfebf_0000],
  ] as const)('a %s BAR shows its size, and takes an address', (bar, bytes, mask, address, reads) => {
    const { pci } = plugged({ bar });
    pci.writeConfig(spec.PCI_BAR0, 4, 0xffff_ffff);
    expect(pci.readConfig(spec.PCI_BAR0, 4)).toBe(mask);
    pci.writeConfig(spec.PCI_BAR0, 4, address + 0x10);
    expect(pci.readConfig(spec.PCI_BAR0, 4)).toBe(reads);
    pci.writeConfig(spec.PCI_COMMAND, 2, 0xffff);
    expect(pci.bars).toEqual([{ kind: bar, bytes, address, enabled: true }]);
    for (let other = 1; other < 6; other++) {
      pci.writeConfig(spec.PCI_BAR0 + 4 * other, 4, 0xffff_ffff);
      expect(pci.readConfig(spec.PCI_BAR0 + 4 * other, 4)).toBe(0);
    }
  });

  test('everything that is not writable stays as it is, whatever is written [4.1.1-1]', () => {
    const { pci } = plugged(withMsix());
    const fixed = (space: number[]) => {
      const known = [...space];
      for (const [from, to] of [
        [spec.PCI_COMMAND, 2],
        [spec.PCI_CACHE_LINE_SIZE, 2],
        [spec.PCI_BAR0, 8],
        [spec.PCI_INTERRUPT_LINE, 1],
        [layout.CAP_PCI_CFG_AT + spec.CAP_BAR, 1],
        [layout.CAP_PCI_CFG_AT + spec.CAP_OFFSET, 12],
        [layout.CAP_MSIX_AT + spec.MSIX_CONTROL, 2],
      ] as const) {
        known.fill(0, from, from + to);
      }
      return known;
    };
    const all = () => Array.from({ length: 256 }, (_, offset) => pci.readConfig(offset, 1));
    const before = fixed(all());
    for (let offset = 0; offset < 256; offset++) pci.writeConfig(offset, 1, 0xff);
    for (let offset = 0; offset < 256; offset += 4) pci.writeConfig(offset, 4, 0xffff_ffff);
    expect(fixed(all())).toEqual(before);
  });

  test('an access of any offset and width never throws; beyond the space 0 is read', () => {
    const { pci, rig } = plugged(withMsix());
    for (let offset = 0; offset < 300; offset++) {
      for (const size of [1, 2, 4] as const) {
        pci.writeConfig(offset, size, 0x5a5a_5a5a);
        const read = pci.readConfig(offset, size);
        expect(Number.isInteger(read) && read >= 0 && read < 2 ** (8 * size)).toBe(true);
      }
    }
    expect(pci.readConfig(256, 4)).toBe(0);
    pci.reset();
    rig.bringUp();
    expectWorks(rig);
  });

  test('an unknown kind of BAR is refused', () => {
    expect(() => plugged(JSON.parse('{"bar":"rom"}'))).toThrow('bar is rom: give io or memory.');
  });
});

describe('4.1.4.5.1 interrupts and the configuration space', () => {
  test('the Interrupt Status bit is the OR of the ISR status [4.1.4.5.1-4]', () => {
    const { pci, rig } = plugged();
    expect(statusRegister(pci) & spec.PCI_STATUS_INTERRUPT).toBe(0);
    rig.device.setHardwareReady(false);
    expect(statusRegister(pci) & spec.PCI_STATUS_INTERRUPT).not.toBe(0);
    pci.read(layout.ISR.offset, 1);
    expect(statusRegister(pci) & spec.PCI_STATUS_INTERRUPT).toBe(0);
  });

  test('with MSI-X enabled it is 0', () => {
    const { pci, rig } = plugged(withMsix());
    pci.writeConfig(layout.CAP_MSIX_AT + spec.MSIX_CONTROL, 2, spec.MSIX_CONTROL_ENABLE);
    rig.device.setHardwareReady(false);
    expect(statusRegister(pci) & spec.PCI_STATUS_INTERRUPT).toBe(0);
  });

  test('Interrupt Disable masks INTx, and not the bit; lifting it asserts what is pending', () => {
    const { pci, rig, lines } = plugged();
    pci.writeConfig(spec.PCI_COMMAND, 2, spec.PCI_COMMAND_INTX_DISABLE);
    rig.device.setHardwareReady(false);
    expect(lines).toEqual([]);
    expect(statusRegister(pci) & spec.PCI_STATUS_INTERRUPT).not.toBe(0);
    pci.writeConfig(spec.PCI_COMMAND, 2, 0);
    expect(lines).toEqual([true]);
    pci.writeConfig(spec.PCI_COMMAND, 2, spec.PCI_COMMAND_INTX_DISABLE);
    expect(lines).toEqual([true, false]);
  });
});

describe('4.1.4.9.1 the PCI_CFG window in it', () => {
  const select = (pci: VirtioPci, offset: number, length: number) => {
    pci.writeConfig(layout.CAP_PCI_CFG_AT + spec.CAP_BAR, 1, 0);
    pci.writeConfig(layout.CAP_PCI_CFG_AT + spec.CAP_OFFSET, 4, offset);
    pci.writeConfig(layout.CAP_PCI_CFG_AT + spec.CAP_LENGTH, 4, length);
  };
  const DATA = layout.CAP_PCI_CFG_AT + spec.CAP_PCI_CFG_DATA;

  test.each(['io', 'memory'] as const)(
    'reading and writing pci_cfg_data reads and writes the %s BAR [4.1.4.9.1-2] [4.1.4.9.1-3]',
    (bar) => {
      const { pci, rig } = plugged({ bar });
      select(pci, spec.COMMON_DEVICE_STATUS, 1);
      expect(pci.readConfig(DATA, 1)).toBe(UP);
      select(pci, spec.COMMON_QUEUE_SELECT, 2);
      pci.writeConfig(DATA, 2, 1);
      expect(pci.read(spec.COMMON_QUEUE_SELECT, 2)).toBe(1);
      rig.data.describeChain(prepare(rig, { id: session(rig) }));
      rig.data.offer(0);
      select(pci, layout.NOTIFY.offset, 2);
      pci.writeConfig(DATA, 4, 0);
      expect(rig.data.usedIdx).toBe(1);
      select(pci, layout.ISR.offset, 1);
      expect(pci.readConfig(DATA, 4)).toBe(spec.ISR_QUEUE);
      expect(pci.read(layout.ISR.offset, 1)).toBe(0);
    },
  );

  test('an access beside pci_cfg_data acts on nothing', () => {
    const { pci, rig } = plugged();
    rig.device.setHardwareReady(false);
    select(pci, layout.ISR.offset, 1);
    for (let offset = 0; offset < DATA; offset++) pci.readConfig(offset, 1);
    expect(pci.read(layout.ISR.offset, 1)).toBe(spec.ISR_CONFIG);
  });
});

describe('saving the configuration space', () => {
  test('what the guest wrote is kept, through JSON, and what it cannot write is not', () => {
    const from = plugged({ bar: 'memory' });
    from.pci.writeConfig(spec.PCI_BAR0, 4, 0xfebf_0000);
    from.pci.writeConfig(spec.PCI_COMMAND, 2, 6);
    const saved = from.pci.save();
    const to = plugged({ bar: 'memory' });
    to.pci.restore(JSON.parse(JSON.stringify(saved)));
    expect(to.pci.bars).toEqual([{ kind: 'memory', bytes: 4096, address: 0xfebf_0000, enabled: true }]);
    to.pci.restore({ ...saved, config: 'ff'.repeat(256) });
    expect(to.pci.readConfig(0, 4)).toBe(0x1054_1af4);
  });

  test.each(['', 'ff', 'zz'.repeat(256)])('damaged text %# is refused', (config) => {
    const { pci } = plugged();
    expect(() => pci.restore({ ...pci.save(), config })).toThrow('The saved state of the PCI transport is damaged');
  });
});
