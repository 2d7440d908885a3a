// What a device promises to its host's handlers: an interrupt handler may do anything with the device, a handler that throws is heard
// of once, and nothing of the device is lost by either.
import { afterEach, describe, expect, test, vi } from 'vitest';
import { CRYPTO_OK } from '../../spec/crypto.ts';
import { FAULT_HOST } from '../../spec/engine.ts';
import * as virtio from '../../spec/virtio.ts';
import { Flight, numbers } from '../support/flight.ts';
import { PATIENCE } from '../support/patience.ts';
import { AT, expectWorks, expectWorksAfterReset, prepare, session } from '../support/requests.ts';
import { type AnyRig, feature, INDIRECT, NEEDS_RESET, RIGS, type RigOptions, UP, VERSION_1 } from '../support/rig.ts';

const FEATURES = VERSION_1 | INDIRECT | feature(virtio.F_RING_RESET);

describe.each(RIGS)('%s ring', (_ring, makeRig) => {
  const rigs: AnyRig[] = [];
  afterEach(() => {
    for (const rig of rigs.splice(0)) rig.device.dispose();
  });

  function up(options: RigOptions = {}): AnyRig {
    const rig = makeRig({ features: FEATURES, ...options });
    rigs.push(rig);
    return rig;
  }

  /** Makes one request available; notify() is the test's. */
  function offer(rig: AnyRig): void {
    rig.data.describeChain(prepare(rig, { id: session(rig) }));
    rig.data.offer(0);
  }

  test('an interrupt handler may reset the device that interrupts', () => {
    const rig = up();
    offer(rig);
    rig.device.onInterrupt(() => rig.device.writeStatus(0));
    rig.device.notify(0);
    expect(rig.device.status).toBe(0);
    rig.device.onInterrupt((kind, queue) => rig.interrupts.push({ kind, queue }));
    expectWorksAfterReset(rig);
  });

  test('an interrupt handler may notify, save, restore, exchange the backend and reset the queue', () => {
    const rig = up({ maxSessions: 16 });
    const calls: Record<string, () => void> = {
      notify: () => rig.device.notify(0),
      settle: () => rig.device.settle(),
      save: () => rig.device.restore(rig.device.save({ includeKeys: true })),
      useBackend: () => void rig.device.useBackend({ backend: 'inline' }),
      resetQueue: () => rig.device.resetQueue(0),
    };
    for (const [name, call] of Object.entries(calls)) {
      offer(rig);
      const handler = vi.fn(call);
      rig.device.onInterrupt(handler);
      rig.device.notify(0);
      expect(handler, name).toHaveBeenCalledExactlyOnceWith('queue', 0);
      expect(rig.read(AT.status, 1)[0], name).toBe(CRYPTO_OK);
    }
  });

  test('an interrupt handler may take the device out', () => {
    const rig = up();
    offer(rig);
    rig.device.onInterrupt(() => rig.device.remove());
    rig.device.notify(0);
    expect(rig.device.removed).toBe(true);
  });

  test('what a handler throws is thrown by the call that interrupted, and the device goes on', () => {
    const rig = up();
    offer(rig);
    rig.device.onInterrupt(() => {
      throw new Error('the host has no such line');
    });
    expect(() => rig.device.notify(0)).toThrow('the host has no such line');
    rig.device.onInterrupt((kind, queue) => rig.interrupts.push({ kind, queue }));
    expectWorks(rig);
  });

  test('after a queue was reset its interrupts are not delivered, and those of others are [2.6.1.1.1-1]', () => {
    const rig = up({ dataQueues: 2 });
    const other = rig.ringAt(0x60000, 64);
    rig.enable(1, other);
    const id = session(rig);
    const chain = prepare(rig, { id });
    for (const ring of [rig.data, other]) ring.describeChain(chain);
    // Both rings are looked at in one turn: at DRIVER_OK.
    const state = rig.device.save({ includeKeys: true });
    rig.data.offer(0);
    other.offer(0);
    rig.device.restore({ ...state, status: UP & ~virtio.STATUS_DRIVER_OK });
    const heard: number[] = [];
    rig.device.onInterrupt((_kind, queue) => {
      heard.push(queue);
      if (queue === 0) rig.device.resetQueue(1);
    });
    rig.device.writeStatus(UP);
    expect(heard).toEqual([0]);
  });

  test('a failing onWrite breaks the device, which says so; a reset mends it', () => {
    let failing = false;
    const rig = up({
      onWrite: () => {
        if (failing) throw new Error('no translated code here');
      },
    });
    offer(rig);
    failing = true;
    rig.interrupts = [];
    expect(() => rig.device.notify(0)).toThrow('no translated code here');
    failing = false;
    expect(rig.device.fault).toMatchObject({ code: FAULT_HOST, queue: 0 });
    expect(rig.device.status & NEEDS_RESET).toBe(NEEDS_RESET);
    expect(rig.interrupts).toEqual([{ kind: 'config', queue: 0 }]);
    expectWorksAfterReset(rig);
  });

  test('onWrite may notify, which waits for the end of the request; it may do nothing else', () => {
    const refused: string[] = [];
    let watching = false;
    const rig = up({
      onWrite: () => {
        if (!watching) return;
        watching = false;
        rig.device.notify(0);
        for (const call of [
          () => rig.device.reset(),
          () => rig.device.resetQueue(0),
          () => rig.device.settle(),
          () => rig.device.save(),
          () => rig.device.useBackend({ backend: 'inline' }),
          () => rig.device.writeStatus(0),
          () => rig.device.remove(),
        ]) {
          try {
            call();
          } catch (error) {
            refused.push(String(error));
          }
        }
      },
    });
    offer(rig);
    watching = true;
    rig.device.notify(0);
    expect(refused.map((text) => text.slice(7, text.indexOf(' was called')))).toEqual([
      'reset()',
      'resetQueue()',
      'settle()',
      'save()',
      'useBackend()',
      'reset()',
      'remove()',
    ]);
    expect(rig.read(AT.status, 1)[0]).toBe(CRYPTO_OK);
    expect(rig.device.removed).toBe(false);
    expectWorks(rig);
  });

  test('what an observer throws is thrown at the end, and the request is answered and the driver interrupted', () => {
    const rig = up();
    offer(rig);
    rig.device.observe({
      beforeQueue: () => {
        throw new Error('before');
      },
      afterQueue: () => {
        throw new Error('after');
      },
    });
    rig.interrupts = [];
    expect(() => rig.device.notify(0)).toThrow(AggregateError);
    expect(rig.interrupts).toEqual([{ kind: 'queue', queue: 0 }]);
    expect(rig.read(AT.status, 1)[0]).toBe(CRYPTO_OK);
    rig.device.observe(undefined);
    expectWorks(rig);
  });

  test('workers: a handler that throws while settle() completes requests leaves no slot taken', async () => {
    const rig = up({ backend: 'workers', workers: 1, queueSize: 1024 });
    await rig.device.backendReady;
    const flight = new Flight(rig);
    const id = session(rig);
    const taken = () => {
      const before = rig.device.positions(0).nextAvail & 0x7fff;
      for (const place of numbers(100)) flight.offer(place, id);
      rig.device.notify(0);
      return (((rig.device.positions(0).nextAvail & 0x7fff) - before + 1024) % 1024) / (_ring === 'packed' ? 5 : 1);
    };
    const first = taken();
    expect(first).toBe(64);
    rig.device.onInterrupt(() => {
      throw new Error('thrown while it settles');
    });
    expect(() => rig.device.settle()).toThrow('thrown while it settles');
    rig.device.onInterrupt(() => {});
    // Those that had no slot go on from a timer; it takes a while until workers have let go of theirs.
    await vi.waitFor(() => {
      rig.device.settle();
      expect(rig.device.statistics().queues[0]?.requests).toBe(100);
    }, PATIENCE);
    await flight.used(0, 100);
    for (const place of numbers(100)) flight.expectDone(place);
  });
});
