import { useSignal } from '@preact/signals';
import { type SessionInfo, sessionName } from '../../../src/trace/index.ts';
import { Scroll } from '../ui/scroll.tsx';
import { vm } from '../vm/store.ts';
import { view } from './store.ts';

/** The device's open sessions. */
export function Sessions() {
  const sessions = view.value?.sessions ?? [];
  return (
    <>
      <p class="hint">
        A session is named by the two halves of its 64-bit session_id: 0.188 is place 0 of the device’s table, and the
        188th session that was made. So no id comes twice, and a request with an old one is refused.
      </p>
      {sessions.length === 0 ? (
        <p class="hint">None is open: a driver makes one when a key is set.</p>
      ) : (
        <Scroll label="Sessions">
          <table>
            <thead>
              <tr>
                <th scope="col">session</th>
                <th scope="col">algorithm</th>
                <th scope="col">direction</th>
                <th scope="col">age</th>
                <th scope="col">key</th>
              </tr>
            </thead>
            <tbody>
              {sessions.map((session) => (
                <SessionRow key={session.id} session={session} />
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </>
  );
}

function SessionRow({ session }: { session: SessionInfo }) {
  const key = useSignal<string | undefined>(undefined);
  const { id, algorithm, direction, keyBits, openedAt } = session;
  const name = sessionName(BigInt(id));
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{algorithm}</td>
      <td>{direction}</td>
      <td>{openedAt === undefined ? 'older than the watch' : `${((Date.now() - openedAt) / 1000).toFixed(0)} s`}</td>
      <td class="bytes">
        {keyBits} bits{' '}
        {key.value === undefined ? (
          <button
            type="button"
            class="link"
            aria-label={`Show the key of session ${name}`}
            onClick={async () => {
              key.value = (await vm().keyOf(id)) ?? 'the session was closed';
            }}
          >
            show
          </button>
        ) : (
          key.value
        )}
      </td>
    </tr>
  );
}
