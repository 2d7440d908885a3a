import { signal } from '@preact/signals';
import { fromJsonLines, type TracedRequest, toChromeTrace, toJsonLines } from '../../src/trace/index.ts';
import { RequestBrowser } from './inspector/requests.tsx';
import { FileButton } from './ui/file_button.tsx';
import { datedName, saveFile } from './ui/files.ts';
import { alive, messageOf, vm } from './vm/store.ts';

const recording = signal(false);
const trace = signal<readonly TracedRequest[]>([]);
const source = signal('');
const problem = signal('');
/** As many rows as a browser draws without a pause. The file has all requests. */
const ROWS_SHOWN = 500;

/** Records requests, saves them as files, and opens these files without a machine. */
export function TracePanel() {
  const requests = trace.value;
  return (
    <section class="card" aria-labelledby="trace-title">
      <h3 id="trace-title">Record and open traces</h3>
      <p>
        A recording keeps every request with its first bytes. Keys are blanked when it is saved. Perfetto and
        chrome://tracing open the Chrome file; JSON lines can be opened here again, with no machine running.
      </p>
      <div class="buttons">
        {recording.value && alive.value ? (
          <button type="button" class="primary" onClick={() => void stopRecording()}>
            Stop recording
          </button>
        ) : (
          <button type="button" disabled={!alive.value} onClick={() => void startRecording()}>
            Record
          </button>
        )}
        <button
          type="button"
          disabled={requests.length === 0}
          onClick={() => saveFile(datedName('json'), toChromeTrace(requests), 'application/json')}
        >
          Save for Chrome or Perfetto
        </button>
        <button
          type="button"
          disabled={requests.length === 0}
          onClick={() => saveFile(datedName('jsonl'), toJsonLines(requests), 'application/jsonl')}
        >
          Save as JSON lines
        </button>
        <FileButton label="Open a trace" accept=".jsonl" onFile={(file) => void open(file)} />
      </div>
      <p role="status" class="hint" data-testid="trace-status">
        {recording.value && alive.value ? 'Recording…' : source.value}
      </p>
      {problem.value && (
        <p class="notice error" role="alert">
          {problem.value}
        </p>
      )}
      <RequestBrowser
        key={source.value}
        requests={requests.slice(0, ROWS_SHOWN)}
        empty="No trace yet: record one, or open a file."
      />
    </section>
  );
}

async function startRecording(): Promise<void> {
  problem.value = '';
  try {
    await vm().startRecording();
    recording.value = true;
  } catch (error) {
    problem.value = messageOf(error);
  }
}

async function stopRecording(): Promise<void> {
  recording.value = false;
  try {
    show(await vm().stopRecording(), 'Recorded');
  } catch (error) {
    problem.value = messageOf(error);
  }
}

async function open(file: File): Promise<void> {
  problem.value = '';
  try {
    show(fromJsonLines(await file.text()), `${file.name}:`);
  } catch (error) {
    problem.value = messageOf(error);
  }
}

function show(requests: readonly TracedRequest[], from: string): void {
  trace.value = requests;
  const rest = requests.length > ROWS_SHOWN ? `, of which the first ${ROWS_SHOWN} are listed` : '';
  source.value = `${from} ${requests.length} requests${rest}.`;
}
