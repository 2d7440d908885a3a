// The backend of a running device is exchanged: no request is lost, none is done twice, and sessions that were open before move along.
import { afterEach, describe, expect, test } from 'vitest';
import type { BackendOptions } from '../../src/backend/options.ts';
import { DeviceTracer } from '../../src/trace/index.ts';
import { BYTES, Flight, numbers } from '../support/flight.ts';
import { KEY, session } from '../support/requests.ts';
import { type AnyRig, RIGS } from '../support/rig.ts';

const CHOICES: readonly BackendOptions[] = [
  { backend: 'workers', workers: 1 },
  { backend: 'host' },
  { backend: 'workers', workers: 2 },
  { backend: 'auto' },
  { backend: 'inline' },
];

describe.each(RIGS)('with a %s ring', (_, makeRig) => {
  let rig: AnyRig;
  afterEach(() => rig.device.dispose());

  test('requests under way are completed once each, whatever takes the place of what', async () => {
    rig = makeRig({ queueSize: 1024 });
    const flight = new Flight(rig);
    const id = session(rig);
    for (const choice of [...CHOICES, ...CHOICES]) {
      const before = rig.data.usedIdx;
      for (const place of numbers(60)) flight.offer(place, id);
      rig.device.notify(0);
      const ready = rig.device.useBackend(choice);
      expect((rig.data.usedIdx - before) & 0xffff).toBe(60);
      for (const place of numbers(60)) flight.offer(place + 60, id);
      rig.device.notify(0);
      await ready;
      expect(rig.device.backend).toMatchObject(choice);
      await flight.used(before, 120);
      for (const place of numbers(120)) flight.expectDone(place, BYTES, KEY);
    }
  });

  test('a session that was open before has its requests run by the new backend, and the tracer says where', async () => {
    rig = makeRig({ queueSize: 1024 });
    const flight = new Flight(rig);
    const id = session(rig);
    const tracer = new DeviceTracer(rig.device, { perSecond: Number.POSITIVE_INFINITY });
    await rig.device.useBackend({ backend: 'workers', workers: 2 });
    const before = rig.data.usedIdx;
    for (const place of numbers(20)) flight.offer(place, id);
    rig.device.notify(0);
    await flight.used(before, 20);
    expect(rig.device.statistics().elsewhere.workers).toBe(20);
    await rig.device.useBackend({ backend: 'inline' });
    flight.offer(20, id);
    rig.device.notify(0);
    expect(rig.device.statistics().elsewhere.workers).toBe(20);
    const heads = tracer.requestsSince(0).filter(({ backend }) => backend === 'workers');
    expect(heads.map(({ head }) => head).sort((a, b) => a - b)).toEqual(numbers(20).map((place) => flight.head(place)));
    expect(tracer.requestsSince(0).at(-1)).toMatchObject({ head: flight.head(20), backend: 'inline' });
  });

  test('a choice that there is not is refused, and changes nothing', () => {
    rig = makeRig({});
    expect(() => rig.device.useBackend({ backend: 'host', workers: 0 })).toThrow(/workers is 0/);
    expect(rig.device.backend.backend).toBe('inline');
  });
});
