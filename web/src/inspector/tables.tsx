import type { RequestCosts } from '../../../src/backend/contract.ts';
import { figure } from '../ui/format.ts';
import { Scroll } from '../ui/scroll.tsx';
import { placesOf } from './places.ts';
import { placeRates, type Rate, rates, view } from './store.ts';

/** Counters and current rates of each queue, and of each place where requests run. */
export function ThroughputTables() {
  const device = view.value;
  if (!device) return null;
  return (
    <>
      <Scroll label="Queues">
        <table>
          <caption>By queue, since the machine was built</caption>
          <thead>
            <tr>
              <th scope="col">queue</th>
              <th scope="col">requests</th>
              <th scope="col">at once</th>
              <th scope="col">requests/s</th>
              <th scope="col">MB/s</th>
              <th scope="col">time spent</th>
            </tr>
          </thead>
          <tbody>
            {device.rings.map(({ name, queue }) => {
              const counters = device.counters[queue];
              const rate = rates.value[queue];
              return (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td>{counters?.requests ?? 0}</td>
                  <td>{counters && counters.rounds > 0 ? figure(counters.requests / counters.rounds) : '–'}</td>
                  <RateCells rate={rate} />
                  <td>{counters ? `${counters.milliseconds.toFixed(0)} ms` : '–'}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scroll>
      <p class="hint">
        At once: how many requests the device finds in the ring when it looks, on average; the driver notifies it once
        for all of them. Time spent: what the machine’s own thread gave to the queue, of which the guest gets nothing.
      </p>
      <Scroll label="Where requests ran">
        <table data-testid="places">
          <caption>Data requests, by where they ran</caption>
          <thead>
            <tr>
              <th scope="col">where</th>
              <th scope="col">requests</th>
              <th scope="col">MB</th>
              <th scope="col">requests/s</th>
              <th scope="col">MB/s</th>
            </tr>
          </thead>
          <tbody>
            {placesOf(device).map(({ name, single, requests, bytes }) => (
              <tr key={name} class={single ? 'part' : ''}>
                <th scope="row">{name}</th>
                <td>{requests}</td>
                <td>{figure(bytes / 1e6)}</td>
                <RateCells rate={placeRates.value.get(name)} />
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <Costs costs={device.costs} />
    </>
  );
}

/** What the device has learned: where requests of each size cost least. */
function Costs({ costs }: { costs: readonly RequestCosts[] }) {
  if (costs.length === 0) return null;
  return (
    <Scroll label="What a request costs">
      <table data-testid="costs">
        <caption>
          Microseconds of a request, as measured while requests ran; auto sends them where they cost least
        </caption>
        <thead>
          <tr>
            <th scope="col">algorithms</th>
            <th scope="col">at once</th>
            <th scope="col">from bytes</th>
            <th scope="col">inline</th>
            <th scope="col">WebCrypto</th>
            <th scope="col">workers</th>
            <th scope="col">run in</th>
          </tr>
        </thead>
        <tbody>
          {costs.map(({ algorithms, depth, bytes, place, microseconds: { inline, host, workers } }) => (
            <tr key={`${algorithms} ${depth} ${bytes}`}>
              <th scope="row">{algorithms}</th>
              <td>{depth}</td>
              <td>{bytes}</td>
              {[inline, host, workers].map((cost, column) => (
                <td key={String(column)}>{cost === undefined ? '–' : figure(cost)}</td>
              ))}
              <td>{place === 'host' ? 'WebCrypto' : place}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function RateCells({ rate }: { rate: Rate | undefined }) {
  return (
    <>
      <td>{rate ? Math.round(rate.requests) : '–'}</td>
      <td>{rate ? figure(rate.MBps) : '–'}</td>
    </>
  );
}
