import type { V86 } from 'v86';
import { cpuOf } from '../../src/v86/internals.ts';
import { I386Code } from './i386_code.ts';
import { newEmulator, ramOf } from './v86_guest.ts';

const CODE_AT = 0x100000;
/** Words in low memory through which host and guest talk; the guest's own begin at FREE_WORDS. */
const DONE = 0x90000;
export const FREE_WORDS = 0x90010;

// The Multiboot specification 0.6.96, 3.1.
const MULTIBOOT_MAGIC = 0x1badb002;
const MULTIBOOT_HAS_ADDRESSES = 0x10000;

/** A guest without an operating system: one program in flat 32-bit mode, with interrupts disabled and nothing that could take one. */
export interface BareGuest {
  readonly emulator: V86;
  word(address: number): number;
  setWord(address: number, value: number): void;
  /** Runs the program to its end. */
  run(): Promise<void>;
}

/** @param program writes the code; to end, it jumps to the label `end` */
export function bareGuest(program: (code: I386Code) => void): BareGuest {
  const emulator = newEmulator({ multiboot: { buffer: imageOf(program).buffer } });
  const built = new Promise<void>((resolve) => emulator.add_listener('emulator-loaded', () => resolve()));
  const view = () => {
    const ram = ramOf(cpuOf(emulator));
    return new DataView(ram.buffer, ram.byteOffset, ram.byteLength);
  };
  const word = (address: number) => view().getUint32(address, true);
  return {
    emulator,
    word,
    setWord: (address, value) => view().setUint32(address, value, true),
    run: async () => {
      await built;
      await emulator.run();
      while (word(DONE) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      await emulator.stop();
    },
  };
}

function imageOf(program: (code: I386Code) => void): Uint8Array<ArrayBuffer> {
  const code = new I386Code(CODE_AT);
  code
    .label('image')
    .word(MULTIBOOT_MAGIC)
    .word(MULTIBOOT_HAS_ADDRESSES)
    .word(-(MULTIBOOT_MAGIC + MULTIBOOT_HAS_ADDRESSES));
  // The header's address, that of the image, its end (all of it), its empty memory (none), its entry.
  code.address('image').address('image').word(0).word(0).address('entry');
  code.label('end').store(DONE, 1);
  // cli, hlt: v86 never runs it again.
  code.label('halt').bytes(0xfa, 0xf4).jump('halt');
  // Programs begin in a page of their own: what the JIT makes of them is theirs alone.
  code.align(4096).label('entry').bytes(0xfa);
  program(code);
  return code.link();
}
