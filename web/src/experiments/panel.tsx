import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { guestHasTls, phase } from '../vm/store.ts';
import { luks } from './luks.ts';
import { busy, type Experiment } from './runner.ts';
import { selftest } from './selftest.ts';
import { inFlight, speed } from './speed.ts';
import { SpeedChart } from './speed_chart.tsx';
import { TAMPERINGS, type TamperingName, tamper, tampering } from './tamper.ts';
import { tls } from './tls.ts';
import { TlsTable, WithoutTls } from './tls_card.tsx';

/** Experiments that run in the guest with one click. */
export function Experiments() {
  return (
    <div class="experiments">
      {phase.value !== 'running' && <p class="hint">Start the machine: the experiments run in it.</p>}
      <Card
        id="selftest"
        title="The kernel’s self-test"
        experiment={selftest}
        about="Linux finds the device, loads its own virtio_crypto driver and tests it against known answers before anyone may use it."
      />
      <Card
        id="speed"
        title="Software against device"
        experiment={speed}
        about="AES-128-CBC by the kernel’s own clock at growing request sizes. Takes about half a minute."
        options={
          <label>
            Requests in flight
            <select
              value={inFlight.value}
              disabled={busy.value}
              onChange={({ currentTarget }) => {
                inFlight.value = currentTarget.value === '8' ? 8 : 1;
              }}
            >
              <option value="1">1</option>
              <option value="8">8</option>
            </select>
          </label>
        }
      >
        <SpeedChart />
      </Card>
      <Card
        id="luks"
        title="An encrypted volume"
        experiment={luks}
        about="A LUKS2 volume (aes-cbc, sectors of 4096 bytes) on a RAM disk: unlocked, filled and read by software, then through the device, and at last what the device wrote is read without it."
      />
      {guestHasTls.value && (
        <Card
          id="tls"
          title="TLS records"
          experiment={tls}
          about="OpenSSL in the guest encrypts records of TLS with its own code and by the device, and two processes talk by TLS 1.3. Takes about a minute. The inspector lists the records of the transfer."
        >
          <TlsTable />
        </Card>
      )}
      {guestHasTls.value === false && <WithoutTls />}
      <Card
        id="tamper"
        title="A tampered request"
        experiment={tamper}
        about="A request waits in the ring while one field of its header is changed in the guest’s memory. What does the device answer?"
        options={
          <label>
            Field
            <select
              value={tampering.value}
              disabled={busy.value}
              onChange={({ currentTarget }) => {
                if (isTampering(currentTarget.value)) tampering.value = currentTarget.value;
              }}
            >
              {Object.entries(TAMPERINGS).map(([name, { label }]) => (
                <option key={name} value={name}>
                  {label}
                </option>
              ))}
            </select>
          </label>
        }
      />
    </div>
  );
}

const isTampering = (name: string): name is TamperingName => Object.hasOwn(TAMPERINGS, name);

interface CardProps {
  id: string;
  title: string;
  about: string;
  experiment: Experiment;
  options?: ComponentChildren;
  children?: ComponentChildren;
}

function Card({ id, title, about, experiment, options, children }: CardProps) {
  return (
    <section class="card" aria-labelledby={`${id}-title`} data-testid={id}>
      <h3 id={`${id}-title`}>{title}</h3>
      <p>{about}</p>
      <div class="buttons">
        {options}
        <button
          type="button"
          class="primary"
          disabled={phase.value !== 'running' || busy.value}
          onClick={() => void experiment.start()}
          aria-describedby={`${id}-title`}
        >
          {experiment.running.value ? 'Running…' : 'Run'}
        </button>
      </div>
      {children}
      <Log experiment={experiment} title={title} />
    </section>
  );
}

const MARKS = { command: 'guest# ', output: '', remark: '', verdict: '✔ ', problem: '✘ ' } as const;

function Log({ experiment, title }: { experiment: Experiment; title: string }) {
  const place = useRef<HTMLDivElement>(null);
  const lines = experiment.log.value;
  useEffect(() => {
    if (lines.length > 0) place.current?.scrollTo({ top: place.current.scrollHeight });
  }, [lines]);
  if (lines.length === 0) return null;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable, or a keyboard cannot scroll it
    <div class="log" role="log" aria-label={`Commands of: ${title}`} tabIndex={0} ref={place}>
      {lines.map(({ kind, text }, index) => (
        <pre key={index} class={kind}>
          {MARKS[kind]}
          {text}
        </pre>
      ))}
    </div>
  );
}
