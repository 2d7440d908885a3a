import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { alive, heldQueue, runningConfig, vm } from '../vm/store.ts';
import { RequestBrowser } from './requests.tsx';
import { RingView } from './ring.tsx';
import { Sessions } from './sessions.tsx';
import { problem, requests, view, watchDevice } from './store.ts';
import { ThroughputTables } from './tables.tsx';
import { ThroughputChart } from './throughput.tsx';

/** A window on the device. It looks only while it is open: a closed one costs the machine nothing. */
export function Inspector({ open }: { open: boolean }) {
  const running = alive.value;
  const machine = runningConfig.value;
  // Another machine is another device to watch.
  useEffect(() => (open && running ? watchDevice() : undefined), [open, running, machine]);
  if (!running) return <p class="hint">Start the machine, and its device can be watched here.</p>;
  return (
    <div class="inspector">
      <Switches />
      {problem.value && (
        <p class="notice error" role="alert">
          {problem.value}
        </p>
      )}
      <DeviceLine />
      <section class="card" aria-labelledby="throughput-title">
        <h3 id="throughput-title">Throughput</h3>
        {open && <ThroughputChart />}
        <ThroughputTables />
      </section>
      <section class="card" aria-labelledby="ring-title">
        <h3 id="ring-title">Rings</h3>
        <RingView />
      </section>
      <section class="card" aria-labelledby="requests-title">
        <h3 id="requests-title">Last requests</h3>
        <RequestBrowser
          requests={requests.value}
          empty="No request yet: run an experiment, or encrypt in the terminal."
        />
      </section>
      <section class="card" aria-labelledby="sessions-title">
        <h3 id="sessions-title">Sessions</h3>
        <Sessions />
      </section>
    </div>
  );
}

function Switches() {
  const answer = useSignal('');
  const holding = view.value?.holding ?? false;
  const hold = async () => {
    answer.value = '';
    heldQueue.value = undefined;
    await vm().hold();
  };
  const step = async () => {
    const { dataQueues } = runningConfig.value ?? { dataQueues: 1 };
    for (let queue = 0; queue < dataQueues; queue++) {
      if (await vm().step(queue)) {
        answer.value = `One request of dataq${queue + 1} was answered.`;
        return;
      }
    }
    answer.value = 'No request waits: let the guest encrypt something.';
  };
  const release = async () => {
    answer.value = '';
    heldQueue.value = undefined;
    await vm().release();
  };
  return (
    <fieldset class="buttons" aria-label="Let requests wait">
      <button type="button" disabled={holding} onClick={() => void hold()}>
        Pause on next request
      </button>
      <button type="button" disabled={!holding} onClick={() => void step()}>
        Step one request
      </button>
      <button type="button" disabled={!holding} onClick={() => void release()}>
        Let all pass
      </button>
      <span role="status" class="hint" data-testid="hold-status">
        {answer.value || holdText(holding)}
      </span>
    </fieldset>
  );
}

function holdText(holding: boolean): string {
  if (!holding) return 'Requests pass freely.';
  if (heldQueue.value === undefined) return 'The next data request will wait in its ring.';
  return `A request waits in dataq${heldQueue.value + 1}: see its ring below.`;
}

const STATUS_BITS: readonly [bit: number, name: string][] = [
  [1, 'ACKNOWLEDGE'],
  [2, 'DRIVER'],
  [8, 'FEATURES_OK'],
  [4, 'DRIVER_OK'],
  [64, 'DEVICE_NEEDS_RESET'],
  [128, 'FAILED'],
];

function DeviceLine() {
  const device = view.value;
  if (!device) return null;
  const status = STATUS_BITS.filter(([bit]) => device.status & bit).map(([, name]) => name);
  return (
    <dl class="facts">
      <dt>Status (2.1)</dt>
      <dd>{status.length > 0 ? status.join(', ') : 'reset: no driver yet'}</dd>
      <dt>Features (2.2)</dt>
      <dd>
        {device.features.length > 0
          ? device.features.map((name) => name.replace('VIRTIO_F_', '')).join(', ')
          : 'none negotiated yet'}
      </dd>
      {device.fault && (
        <>
          <dt>Stopped, because</dt>
          <dd class="problem">{device.fault}. The driver must reset the device: reload it, or reset the machine.</dd>
        </>
      )}
    </dl>
  );
}
