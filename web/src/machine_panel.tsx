import { useSignal } from '@preact/signals';
import { unpackState } from '../../src/machine/state_file.ts';
import { BackendForm } from './backend_form.tsx';
import { SettingsForm } from './settings.tsx';
import { TerminalView } from './terminal.tsx';
import { confirmLoss } from './ui/confirm.tsx';
import { FileButton } from './ui/file_button.tsx';
import { datedName, saveFile } from './ui/files.ts';
import { megabytes } from './ui/format.ts';
import { lacks } from './ui/support.ts';
import { ORDER, STAGES } from './vm/stages.ts';
import * as vm from './vm/store.ts';

const impossible = lacks().some(({ fatal }) => fatal);

/** The machine: its buttons, its settings, its terminal. */
export function MachinePanel() {
  const problem = useSignal('');
  const attempt = (work: () => Promise<unknown>) => {
    problem.value = '';
    work().catch((error: unknown) => {
      problem.value = vm.messageOf(error);
    });
  };
  const phase = vm.phase.value;
  return (
    <section class="machine" aria-labelledby="machine-title">
      <div class="title-row">
        <h2 id="machine-title">The machine</h2>
        <span class={`badge ${phase}`} role="status" data-testid="phase">
          {phase}
        </span>
      </div>
      <fieldset class="buttons" aria-label="Switches of the machine">
        {phase === 'off' || phase === 'failed' ? (
          <button type="button" class="primary" disabled={impossible} onClick={() => attempt(vm.startQuickly)}>
            Start
          </button>
        ) : (
          <button type="button" onClick={() => attempt(switchOff)}>
            Switch off
          </button>
        )}
        <button type="button" disabled={!vm.alive.value} onClick={() => attempt(vm.togglePause)}>
          {phase === 'paused' ? 'Go on' : 'Pause'}
        </button>
        <button type="button" disabled={!vm.alive.value} onClick={() => attempt(reset)}>
          Reset
        </button>
        <button type="button" disabled={!vm.alive.value} onClick={() => attempt(save)}>
          Save
        </button>
        <FileButton label="Restore" accept=".state" onFile={(file) => attempt(() => restore(file))} />
      </fieldset>
      {phase === 'starting' && <Progress />}
      {(vm.failure.value || problem.value) && (
        <p class="notice error" role="alert">
          {vm.failure.value || problem.value}
        </p>
      )}
      <TerminalView />
      <BackendForm />
      <SettingsForm />
    </section>
  );
}

function Progress() {
  const { loaded, total } = vm.progress.value;
  const stage = vm.stage.value;
  const downloading = stage === 'download';
  const label =
    downloading && total > 0 ? `${STAGES.download}: ${megabytes(loaded)} of ${megabytes(total)}` : STAGES[stage];
  const done = downloading ? (total > 0 ? loaded / total : 0) : ORDER.indexOf(stage) + 1;
  return (
    <div class="progress" aria-live="polite">
      <label for="boot-progress">{label}…</label>
      <progress id="boot-progress" value={done} max={downloading ? 1 : ORDER.length} />
    </div>
  );
}

async function save(): Promise<void> {
  saveFile(datedName('state'), await vm.save(), 'application/octet-stream');
}

async function switchOff(): Promise<void> {
  if (await confirmLoss('Switch off')) vm.stop();
}

async function reset(): Promise<void> {
  if (await confirmLoss('Reset')) await vm.reset();
}

/** Reads the file while the machine still runs. */
async function restore(file: File): Promise<void> {
  const saved = await unpackState(file);
  if (await confirmLoss('Restore')) await vm.start({ from: 'file', ...saved });
}
