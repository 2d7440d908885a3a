import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { TracedRequest } from '../../../src/trace/index.ts';
import { busy, type Experiment } from '../experiments/runner.ts';
import { alive, messageOf, runningConfig, vm } from '../vm/store.ts';
import { encrypt, load } from './driver.ts';
import { RequestBrowser, RequestDetail } from './requests.tsx';
import { RingView } from './ring.tsx';
import { Sessions } from './sessions.tsx';
import { problem, requests, view, watchDevice } from './store.ts';
import { ThroughputTables } from './tables.tsx';
import { ThroughputChart } from './throughput.tsx';
import { Violations } from './violations.tsx';

/** A window on the device. It looks only while it is open, so a closed inspector costs the machine nothing. */
export function Inspector({ open }: { open: boolean }) {
  const running = alive.value;
  const machine = runningConfig.value;
  // A new machine has a new device to watch.
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
      <WithoutDriver />
      <DeviceLine />
      <Waiting />
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
        <RequestBrowser requests={requests.value} empty={emptyText()} />
      </section>
      <section class="card" aria-labelledby="violations-title">
        <h3 id="violations-title">The driver and the specification</h3>
        <Violations />
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
  const waiting = view.value?.waiting ?? [];
  const attempt = (work: () => Promise<unknown>) => {
    answer.value = '';
    work().catch((error: unknown) => {
      answer.value = messageOf(error);
    });
  };
  const step = async () => {
    const { dataQueues } = runningConfig.value ?? { dataQueues: 1 };
    for (let queue = 0; queue < dataQueues; queue++) {
      if (await vm().step(queue)) {
        answer.value = `One request of dataq${queue + 1} was answered.`;
        return;
      }
    }
    answer.value = 'No request waits: press “Encrypt 4 KiB”, or use the device in the terminal.';
  };
  return (
    <>
      <fieldset class="buttons" aria-label="Let requests wait">
        <button type="button" disabled={holding} onClick={() => attempt(() => vm().hold())}>
          Pause on next request
        </button>
        <button type="button" disabled={!holding} onClick={() => attempt(step)}>
          Step one request
        </button>
        <button type="button" disabled={!holding} onClick={() => attempt(() => vm().release())}>
          Let all pass
        </button>
        <button type="button" disabled={busy.value} onClick={() => void encrypt.start()}>
          Encrypt 4 KiB
        </button>
        <span role="status" class="hint" data-testid="hold-status">
          {holdText(holding, waiting, answer.value)}
        </span>
      </fieldset>
      <ExperimentProblem of={encrypt} />
    </>
  );
}

/** The current state comes before the result of the last click. */
function holdText(holding: boolean, [first]: readonly TracedRequest[], answer: string): string {
  if (first) {
    const answered = answer.startsWith('One') ? `${answer} ` : '';
    return `${answered}A request waits in dataq${first.queue + 1}: its fields are below.`;
  }
  if (answer) return answer;
  return holding ? 'The next data request will wait in its ring.' : 'Requests pass freely.';
}

function ExperimentProblem({ of }: { of: Experiment }) {
  const problem = of.log.value.find(({ kind }) => kind === 'problem');
  if (!problem) return null;
  return (
    <p class="notice error" role="alert">
      {problem.text}
    </p>
  );
}

/** Requests that wait in the ring. The device has not looked at them yet. */
function Waiting() {
  const waiting = view.value?.waiting ?? [];
  if (waiting.length === 0) return null;
  return (
    <section class="card" aria-labelledby="waiting-title" data-testid="waiting-requests">
      <h3 id="waiting-title">Waiting in the ring</h3>
      <p>What the driver wrote, and the device has not looked at yet. Step lets it through.</p>
      {waiting.map((request) => (
        <RequestDetail key={request.queue} request={request} />
      ))}
    </section>
  );
}

const DRIVER_OK = 4;
const SUSPEND = 16;

/** Without a driver the page has nothing to show, and other advice would not help. */
function WithoutDriver() {
  const device = view.value;
  if (!device || device.status & (DRIVER_OK | SUSPEND)) return null;
  return (
    <div class="notice" role="status">
      <p>The guest has not loaded the device’s driver: no request comes.</p>
      <p>
        <button type="button" disabled={busy.value} onClick={() => void load.start()}>
          Load the driver
        </button>{' '}
        or type <kbd>insmod /lib/modules/virtio_crypto.ko</kbd>
      </p>
      <ExperimentProblem of={load} />
    </div>
  );
}

/** The text in place of an empty list. The inspector sees only requests that pass while it is open. */
function emptyText(): string {
  const passed = view.value?.counters.reduce((sum, { requests: count }) => sum + count, 0) ?? 0;
  if (passed === 0) return 'No request yet: press “Encrypt 4 KiB” above, or run an experiment.';
  return `${passed.toLocaleString('en')} requests passed before the inspector was opened. What comes from now on is listed: press “Encrypt 4 KiB” above.`;
}

const STATUS_BITS: readonly [bit: number, name: string][] = [
  [1, 'ACKNOWLEDGE'],
  [2, 'DRIVER'],
  [8, 'FEATURES_OK'],
  [4, 'DRIVER_OK'],
  [16, 'SUSPEND'],
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
