import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { Experiments } from './experiments/panel.tsx';
import { Inspector } from './inspector/panel.tsx';
import { Lessons } from './lessons/panel.tsx';
import { MachinePanel } from './machine_panel.tsx';
import { Notices } from './notices.tsx';
import { TracePanel } from './trace_panel.tsx';
import { ConfirmDialog } from './ui/confirm.tsx';
import { Tabs } from './ui/tabs.tsx';
import { type Theme, theme } from './ui/theme.ts';
import { lookAround } from './vm/store.ts';

export const currentTab = signal('experiments');

export function App() {
  useEffect(() => void lookAround(), []);
  return (
    <>
      <header class="page-header">
        <div>
          <h1>virtio-crypto</h1>
          <p>A Linux machine in this page encrypts on a virtio crypto device. Watch the rings between the two.</p>
        </div>
        <label>
          Colours{' '}
          <select value={theme.value} onChange={({ currentTarget }) => chooseTheme(currentTarget.value)}>
            <option value="system">as the system</option>
            <option value="light">light</option>
            <option value="dark">dark</option>
          </select>
        </label>
      </header>
      <Notices />
      <main>
        <MachinePanel />
        <Tabs
          label="What to do with the machine"
          current={currentTab.value}
          onChange={(id) => {
            currentTab.value = id;
          }}
          tabs={[
            { id: 'experiments', label: 'Experiments', content: <Experiments /> },
            { id: 'inspector', label: 'Inspector', content: <Inspector open={currentTab.value === 'inspector'} /> },
            { id: 'trace', label: 'Trace', content: <TracePanel /> },
            { id: 'lessons', label: 'Lessons', content: <Lessons /> },
          ]}
        />
      </main>
      <ConfirmDialog />
    </>
  );
}

function chooseTheme(value: string): void {
  const known: readonly Theme[] = ['system', 'light', 'dark'];
  theme.value = known.find((name) => name === value) ?? 'system';
}
