import type { MachineConfig } from '../../src/machine/state_file.ts';
import { confirmLoss } from './ui/confirm.tsx';
import * as vm from './vm/store.ts';

const QUEUES = [1, 2, 4, 8] as const;
const QUEUE_SIZES = [2, 16, 64, 256, 1024] as const;
/** Without indirect descriptors each buffer takes a place in the ring. Linux then waits for ever if a queue is too short. */
const DIRECT_SIZE_MIN = 64;

/** How the next machine is built. Apply ends a running machine and boots a new one. */
export function SettingsForm() {
  const chosen = vm.config.value;
  const set = (change: Partial<MachineConfig>) => {
    vm.config.value = { ...chosen, ...change };
  };
  const feature = (name: 'indirect' | 'eventIdx' | 'packed', value: boolean, fallback: boolean) => {
    const { [name]: _, ...others } = chosen.features;
    set({ features: value === fallback ? others : { ...others, [name]: value } });
  };
  const sizeMin = (chosen.features.indirect ?? true) ? 0 : DIRECT_SIZE_MIN;
  const running = vm.runningConfig.value;
  const changed = vm.alive.value && JSON.stringify(running) !== JSON.stringify(chosen);
  return (
    <details class="settings">
      <summary>How the device is built</summary>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void bootAnew();
        }}
      >
        <label>
          Ring
          <select
            value={chosen.features.packed ? 'packed' : 'split'}
            onChange={({ currentTarget }) => feature('packed', currentTarget.value === 'packed', false)}
          >
            <option value="split">split (2.7)</option>
            <option value="packed">packed (2.8)</option>
          </select>
        </label>
        <label>
          Data queues
          <select
            value={chosen.dataQueues}
            onChange={({ currentTarget }) => set({ dataQueues: Number(currentTarget.value) })}
          >
            {QUEUES.map((count) => (
              <option key={count} value={count}>
                {count}
              </option>
            ))}
          </select>
        </label>
        <label>
          Queue size
          <select
            value={chosen.queueSize}
            onChange={({ currentTarget }) => set({ queueSize: Number(currentTarget.value) })}
          >
            {QUEUE_SIZES.filter((size) => size >= sizeMin).map((size) => (
              <option key={size} value={size}>
                {size}
              </option>
            ))}
          </select>
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={chosen.features.indirect ?? true}
            onChange={({ currentTarget }) => {
              feature('indirect', currentTarget.checked, true);
              const { queueSize } = vm.config.value;
              if (!currentTarget.checked && queueSize < DIRECT_SIZE_MIN) {
                vm.config.value = { ...vm.config.value, queueSize: DIRECT_SIZE_MIN };
              }
            }}
          />
          VIRTIO_F_INDIRECT_DESC
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={chosen.features.eventIdx ?? true}
            onChange={({ currentTarget }) => feature('eventIdx', currentTarget.checked, true)}
          />
          VIRTIO_F_EVENT_IDX
        </label>
        <button type="submit" disabled={!changed}>
          Apply and boot anew
        </button>
      </form>
      <p class="hint">
        {changed
          ? 'The machine that runs is of the old kind. Applying boots it anew: what is not saved in the guest is lost.'
          : 'A driver finds these choices when it is loaded, so another device means another boot; the page stays.'}
      </p>
    </details>
  );
}

async function bootAnew(): Promise<void> {
  if (await confirmLoss('Boot anew')) await vm.reset();
}
