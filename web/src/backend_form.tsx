import { BACKENDS, type BackendName } from '../../src/backend/contract.ts';
import * as vm from './vm/store.ts';

const LABELS: Record<BackendName, string> = {
  inline: 'inline: the machine’s own thread',
  workers: 'workers: threads beside it',
  host: 'host: the browser’s WebCrypto',
  auto: 'auto: where it is fastest',
};
const WORKERS = [1, 2, 3, 4, 8] as const;

/** Chooses where the device's requests run. A choice takes effect at once, also for a running machine. */
export function BackendForm() {
  const { backend, workers } = vm.backend.value;
  const problem = vm.backendProblem.value;
  const counts = WORKERS.some((count) => count === workers) ? WORKERS : [...WORKERS, workers];
  return (
    <fieldset class="backend" aria-label="Where requests run" aria-busy={vm.backendChanges.value > 0}>
      <label>
        Backend
        <select
          value={backend}
          onChange={({ currentTarget: { value } }) => {
            const chosen = BACKENDS.find((name) => name === value) ?? 'auto';
            void vm.useBackend({ backend: chosen, workers });
          }}
        >
          {BACKENDS.map((name) => (
            <option key={name} value={name}>
              {LABELS[name]}
            </option>
          ))}
        </select>
      </label>
      <label>
        Workers
        <select
          value={workers}
          disabled={backend !== 'workers' && backend !== 'auto'}
          onChange={({ currentTarget }) => void vm.useBackend({ backend, workers: Number(currentTarget.value) })}
        >
          {counts.map((count) => (
            <option key={count} value={count}>
              {count}
            </option>
          ))}
        </select>
      </label>
      {problem && (
        <p class={backend === 'workers' || backend === 'host' ? 'problem' : 'hint'} role="status">
          {problem} Requests run inline.
        </p>
      )}
    </fieldset>
  );
}
