import { Scroll } from '../ui/scroll.tsx';
import { rates, view } from './store.ts';

/** Counters and present rates of each queue. */
export function QueueTable() {
  const device = view.value;
  if (!device) return null;
  return (
    <>
      <p class="hint" data-testid="elsewhere">
        Requests that ran in workers: {device.elsewhere.workers}; in WebCrypto: {device.elsewhere.host}; all others
        inline.
      </p>
      <Scroll label="Queues">
        <table>
          <caption>Since the machine was built</caption>
          <thead>
            <tr>
              <th scope="col">queue</th>
              <th scope="col">requests</th>
              <th scope="col">a round</th>
              <th scope="col">requests/s</th>
              <th scope="col">MB/s</th>
              <th scope="col">busy</th>
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
                  <td>{counters && counters.rounds > 0 ? (counters.requests / counters.rounds).toFixed(1) : '–'}</td>
                  <td>{rate ? Math.round(rate.requests) : '–'}</td>
                  <td>{rate ? rate.MBps.toFixed(1) : '–'}</td>
                  <td>{counters ? `${counters.milliseconds.toFixed(0)} ms` : '–'}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scroll>
    </>
  );
}
