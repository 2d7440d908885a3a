import { expect, test } from 'vitest';
import { tuneJit } from '../../src/machine/jit_config.ts';
import { attachVirtioCrypto } from '../../src/v86/attach.ts';
import { cpuOf } from '../../src/v86/internals.ts';
import { bareGuest, FREE_WORDS } from '../support/bare_guest.ts';
import type { I386Code } from '../support/i386_code.ts';
import { noise } from '../support/memory.ts';
import { reference } from '../support/requests.ts';
import { driverOf, ramOf } from '../support/v86_guest.ts';

// A driver that polls: interrupts are disabled, and it never halts. What it waits for is held back now and then, to find out whether
// it gives several requests at a time. The program runs on v86's processor; the rings are made by the reference driver beforehand.
const BAR = 0xac00;
const ISR = BAR + 0x40;
const NOTIFY = BAR + 0x44;
const AVAIL_INDEX = FREE_WORDS;
const USED_INDEX = FREE_WORDS + 4;
const LATE = FREE_WORDS + 8;
const REQUESTS = 60;
/** Turns after which the guest gives up: of seven instructions each, hundred slices. */
const TURNS_MAX = 1_500_000;

/** `edx = port` */
const port = (code: I386Code, value: number) => code.bytes(0xba).word(value);

/** For each request: makes it available, notifies, and waits until it is used. `look` is done in each turn of that. */
function pollingProgram(code: I386Code, look: (code: I386Code) => void): void {
  code.bytes(0x31, 0xdb); // ebx = 0
  code.label('next').bytes(0x43); // ebx += 1
  code.bytes(0xa1).word(AVAIL_INDEX).bytes(0x66, 0x89, 0x18); // [[AVAIL_INDEX]] = bx
  port(code, NOTIFY).bytes(0x31, 0xc0, 0x66, 0xef); // eax = 0; out dx, ax
  code.setCount(TURNS_MAX);
  code.label('wait');
  look(code);
  code.bytes(0x8b, 0x35).word(USED_INDEX).bytes(0x66, 0x39, 0x1e).jumpIf('zero', 'used'); // [[USED_INDEX]] == bx
  code.countDown('late').jump('wait');
  code.label('late').increment(LATE);
  code.label('used').bytes(0x83, 0xfb, REQUESTS).jumpIf('notZero', 'next').jump('end');
}

test.each<[string, (code: I386Code) => void, number[]]>([
  // Two trials in so many requests. Each takes the slice in which the notification came, and one more.
  ['the used ring alone', () => {}, [2, 2]],
  ['the used ring and the ISR status', (code) => port(code, ISR).bytes(0xec), []],
])('a driver that looks at %s gets every answer', async (_, look, slices) => {
  const guest = bareGuest((code) => pollingProgram(code, look));
  const attached = attachVirtioCrypto(guest.emulator, { backend: 'inline' });
  tuneJit(guest.emulator);
  const device = await attached.ready;
  const cpu = cpuOf(guest.emulator);
  const driver = driverOf(cpu, undefined, 0x400000);
  driver.start();
  const key = noise(16, 1);
  const iv = noise(16, 2);
  const session = driver.createCipherSession('aes-cbc', 'encrypt', key);
  driver.interrupt();
  const { id } = await session;
  const data = Array.from({ length: REQUESTS }, (_, i) => noise(64, i));
  const results = data.map((text) =>
    driver.cipherInSession(id, { algorithm: 'aes-cbc', direction: 'encrypt', iv, data: text, hold: true }),
  );
  // The guest makes them available, one by one.
  const { avail, used } = driver.queues[0] ?? expect.unreachable();
  guest.setWord(AVAIL_INDEX, avail + 2);
  guest.setWord(USED_INDEX, used + 2);
  const index = (address: number) => guest.word(address) & 0xffff;
  new DataView(ramOf(cpu).buffer, ramOf(cpu).byteOffset).setUint16(avail + 2, 0, true);

  const runTimers = cpu.run_hardware_timers.bind(cpu);
  /** Of each request that the guest still waited for when a slice ended: how many slices ended meanwhile. */
  const waits = new Map<number, number>();
  cpu.run_hardware_timers = (acpi, now) => {
    const waiting = index(avail + 2);
    if (waiting !== index(used + 2)) waits.set(waiting, (waits.get(waiting) ?? 0) + 1);
    return runTimers(acpi, now);
  };
  await guest.run();

  expect(guest.word(LATE)).toBe(0);
  expect([...waits.values()]).toEqual(slices);
  driver.poll();
  for (const [i, result] of (await Promise.all(results)).entries()) {
    expect(result).toEqual({ status: 'ok', data: reference('encrypt', key, iv, data[i] ?? expect.unreachable()) });
  }
  expect(device.requests(0)).toBe(REQUESTS);
});
