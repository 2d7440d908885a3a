import { useSignal } from '@preact/signals';
import type { RingSnapshot } from '../../../src/trace/index.ts';
import { bytesText, hex } from '../ui/format.ts';
import { Scroll } from '../ui/scroll.tsx';
import { flagNames } from './flags.ts';
import { view } from './store.ts';

/** The ring of one queue as it is in guest memory. */
export function RingView() {
  const chosen = useSignal(0);
  const rings = view.value?.rings ?? [];
  const ring = rings[chosen.value] ?? rings[0];
  if (!ring) return null;
  return (
    <>
      <label>
        Queue{' '}
        <select value={ring.queue} onChange={({ currentTarget }) => (chosen.value = Number(currentTarget.value))}>
          {rings.map(({ queue, name }) => (
            <option key={queue} value={queue}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {ring.enabled ? (
        <Ring ring={ring} />
      ) : (
        <p class="hint">No driver has set this queue up: press “Load the driver” above.</p>
      )}
    </>
  );
}

function Ring({ ring }: { ring: RingSnapshot }) {
  const waiting = ring.kind === 'split' ? (ring.availIdx - ring.nextAvail) & 0xffff : 0;
  const position = (value: number) =>
    ring.kind === 'packed' ? `${value & 0x7fff}, wrap ${value >> 15}` : String(value);
  return (
    <>
      <dl class="facts" data-testid="ring-facts">
        <dt>Kind</dt>
        <dd>
          {ring.kind} ring of {ring.size}
        </dd>
        {ring.kind === 'split' && (
          <>
            <dt>avail.idx (2.7.6)</dt>
            <dd data-testid="avail-idx">{ring.availIdx}</dd>
            <dt>used.idx (2.7.8)</dt>
            <dd data-testid="used-idx">{ring.usedIdx}</dd>
            <dt>Waiting</dt>
            <dd data-testid="waiting">{waiting}</dd>
          </>
        )}
        <dt>Device takes next</dt>
        <dd>{position(ring.nextAvail)}</dd>
        <dt>Driver wants an interrupt at</dt>
        <dd>{position(ring.usedEvent)}</dd>
        <dt>Device wants a notification at</dt>
        <dd>{position(ring.availEvent)}</dd>
        <dt>Answered</dt>
        <dd>{ring.requests}</dd>
      </dl>
      <div class="ring-tables">
        <DescriptorTable ring={ring} />
        {ring.kind === 'split' && <AvailTable ring={ring} />}
        {ring.kind === 'split' && <UsedTable ring={ring} />}
      </div>
    </>
  );
}

function DescriptorTable({ ring }: { ring: RingSnapshot }) {
  const packed = ring.kind === 'packed';
  return (
    <Scroll label="Descriptors">
      <table>
        <caption>{packed ? 'Descriptor ring (2.8)' : 'Descriptor table (2.7.5)'}</caption>
        <thead>
          <tr>
            <th scope="col">#</th>
            <th scope="col">address</th>
            <th scope="col">length</th>
            <th scope="col">flags</th>
            <th scope="col">{packed ? 'id' : 'next'}</th>
          </tr>
        </thead>
        <tbody>
          {ring.descriptors.map(({ index, address, bytes, flags, last, state }) => (
            <tr key={index} class={marked(packed && index === (ring.nextAvail & 0x7fff), state === 'available')}>
              <th scope="row">{index}</th>
              <td>{hex(address)}</td>
              <td>{bytesText(bytes)}</td>
              <td>{flagNames(flags)}</td>
              <td>{last}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function AvailTable({ ring }: { ring: RingSnapshot }) {
  const mask = ring.size - 1;
  return (
    <Scroll label="Available ring">
      <table>
        <caption>Available ring (2.7.6)</caption>
        <thead>
          <tr>
            <th scope="col">place</th>
            <th scope="col">head</th>
            <th scope="col">
              <span class="visually-hidden">mark</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {ring.avail.map(({ place, head }) => {
            const ahead = (place - ring.nextAvail) & mask;
            const waits = ahead < ((ring.availIdx - ring.nextAvail) & 0xffff);
            const isNext = place === (ring.nextAvail & mask);
            return (
              <tr key={place} class={marked(isNext, waits)}>
                <th scope="row">{place}</th>
                <td>{head}</td>
                <td>{markOf(isNext, place === (ring.availIdx & mask))}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </Scroll>
  );
}

function UsedTable({ ring }: { ring: RingSnapshot }) {
  const mask = ring.size - 1;
  return (
    <Scroll label="Used ring">
      <table>
        <caption>Used ring (2.7.8)</caption>
        <thead>
          <tr>
            <th scope="col">place</th>
            <th scope="col">id</th>
            <th scope="col">written</th>
            <th scope="col">
              <span class="visually-hidden">mark</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {ring.used.map(({ place, id, bytes }) => (
            <tr key={place} class={marked(place === (ring.usedIdx & mask), false)}>
              <th scope="row">{place}</th>
              <td>{id}</td>
              <td>{bytesText(bytes)}</td>
              <td>{place === (ring.usedIdx & mask) ? '◀ next' : ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

/** Marks a place of the available ring where the device or the driver goes on. */
function markOf(device: boolean, driver: boolean): string {
  if (device && driver) return '◀ both';
  if (device) return '◀ device';
  return driver ? '◀ driver' : '';
}

function marked(next: boolean, waits: boolean): string {
  return [next && 'next', waits && 'waits'].filter(Boolean).join(' ');
}
