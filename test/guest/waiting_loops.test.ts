import { describe, expect, test } from 'vitest';
import { tuneJit } from '../../src/machine/jit_config.ts';
import { cpuOf } from '../../src/v86/internals.ts';
import { bareGuest, FREE_WORDS } from '../support/bare_guest.ts';
import type { I386Code } from '../support/i386_code.ts';

// Code that waits for a word in memory to change, on v86's processor. Between two slices of instructions v86 looks at interrupts
// and timers. The test changes the word there, as an interrupt handler or another thread of the guest would. With 0 extra basic
// blocks in the settings of v86's JIT, the first of these loops never ended.
const FLAG = FREE_WORDS;
const ROUND = FREE_WORDS + 4;
const LATE = FREE_WORDS + 8;

const ROUNDS = 100;
/** Slices of a round, each of 100,003 instructions and a few. v86 translates a loop after two of them. */
const SLICES = 4;
/** Turns after which the guest gives up: more than a round has for the smallest loop, which takes three instructions a turn. */
const TURNS_MAX = 1 << 18;

interface Shape {
  name: string;
  /** Writes a loop that begins at the label `loop` and goes to `seen` or to `late`. */
  loop(code: I386Code): void;
}

const lookAtFlag = (code: I386Code) => code.compare(FLAG, 0).jumpIf('notZero', 'seen');
const SHAPES: Shape[] = [
  {
    name: 'while (!flag) n++',
    loop: (code) => lookAtFlag(code.label('loop')).countDown('late').jump('loop'),
  },
  {
    name: 'do n++ while (!flag)',
    loop: (code) => lookAtFlag(code.label('loop').countDown('late')).jump('loop'),
  },
  {
    name: 'a loop of one block',
    // `eax = [FLAG]`, `test eax, eax`
    loop: (code) =>
      code.label('loop').countDown('late').bytes(0xa1).word(FLAG).bytes(0x85, 0xc0).jumpIf('zero', 'loop').jump('seen'),
  },
];

/** Waits ROUNDS times in a loop; `configure` sets up v86's JIT. Answers how often the guest gave up, and what was translated. */
async function lateRounds({ loop }: Shape, configure: (emulator: ReturnType<typeof bareGuest>['emulator']) => void) {
  const guest = bareGuest((code) => {
    code.label('round').store(FLAG, 0).setCount(TURNS_MAX).jump('loop');
    code.label('late').increment(LATE);
    code.label('seen').increment(ROUND).compare(ROUND, ROUNDS).jumpIf('notZero', 'round').jump('end');
    loop(code);
  });
  let translated = 0;
  guest.emulator.add_listener('emulator-ready', () => {
    const cpu = cpuOf(guest.emulator);
    const runTimers = cpu.run_hardware_timers.bind(cpu);
    let slices = 0;
    cpu.run_hardware_timers = (acpi, now) => {
      if (++slices % SLICES === 0) guest.setWord(FLAG, 1);
      return runTimers(acpi, now);
    };
    const finalize = Reflect.get(cpu, 'codegen_finalize');
    Reflect.set(cpu, 'codegen_finalize', (...values: unknown[]) => {
      translated++;
      Reflect.apply(finalize, cpu, values);
    });
  });
  configure(guest.emulator);
  await guest.run();
  return { late: guest.word(LATE), translated };
}

describe('on a machine of this library', () => {
  test.each(SHAPES)('$name ends when its flag is set, translated or not', async (shape) => {
    const { late, translated } = await lateRounds(shape, tuneJit);
    expect(translated).toBeGreaterThan(0);
    expect(late).toBe(0);
  });
});
