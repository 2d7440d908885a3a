import { useSignal } from '@preact/signals';
import { Scroll } from '../ui/scroll.tsx';
import type { SeenViolation } from '../vm/driver_watch.ts';
import { flagNames } from './flags.ts';
import { RequestDetail, ROWS_SEEN } from './requests.tsx';
import { view } from './store.ts';

/** What the guest's driver did against the specification, while the machine runs. */
export function Violations() {
  const chosen = useSignal<string | undefined>(undefined);
  const violations = view.value?.violations ?? [];
  if (violations.length === 0) {
    return <p class="hint">The driver has broken no statement of the specification so far.</p>;
  }
  const shown = violations.find((violation) => nameOf(violation) === chosen.value);
  return (
    <>
      <Scroll label="Statements that the driver broke">
        <table class="sentences" data-testid="violations">
          <thead>
            <tr>
              <th scope="col">section</th>
              <th scope="col">statement</th>
              <th scope="col">seen</th>
              <th scope="col">where</th>
              <th scope="col">times</th>
            </tr>
          </thead>
          <tbody>
            {violations.map((violation) => (
              <tr key={nameOf(violation)} class={shown === violation ? 'next' : ''}>
                <td class="problem">{violation.section}</td>
                <td>{violation.statement}</td>
                <td>{violation.seen}</td>
                <td>
                  {violation.chain ? (
                    <button type="button" class="link" onClick={() => (chosen.value = nameOf(violation))}>
                      {placeOf(violation)}
                    </button>
                  ) : (
                    placeOf(violation)
                  )}
                </td>
                <td>{violation.times}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {shown?.request && <RequestDetail key={chosen.value} request={shown.request} />}
      {shown && !shown.request && <Chain of={shown} />}
    </>
  );
}

/** The descriptors as the checker read them, where the request itself could not be decoded. */
function Chain({ of: { chain = [] } }: { of: SeenViolation }) {
  return (
    <Scroll label="Descriptors" tall={chain.length > ROWS_SEEN}>
      <table>
        <caption>Descriptors</caption>
        <thead>
          <tr>
            <th scope="col">table</th>
            <th scope="col">#</th>
            <th scope="col">address</th>
            <th scope="col">length</th>
            <th scope="col">flags</th>
          </tr>
        </thead>
        <tbody>
          {chain.map(({ table, index, address, bytes, flags }) => (
            <tr key={`${table} ${index}`}>
              <td>{table}</td>
              <td>{index}</td>
              <td>0x{address.toString(16)}</td>
              <td>{bytes}</td>
              <td>{flagNames(flags)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

/** There is one violation of each rule and queue. */
const nameOf = ({ rule, queue }: SeenViolation): string => `${rule} ${queue ?? ''}`;

function placeOf({ queue, head }: SeenViolation): string {
  const parts = [queue === undefined ? '' : `queue ${queue}`, head === undefined ? '' : `head ${head}`];
  return parts.filter(Boolean).join(', ') || 'registers';
}
