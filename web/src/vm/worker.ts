// All workers of the page have this script, so that they share what they load. The first message says what a worker is.
import type { WorkerStart } from './start_worker.ts';

const roles = {
  machine: () => import('./machine_worker.ts'),
  device: () => import('./device_worker.ts'),
};

globalThis.addEventListener(
  'message',
  ({ data }: MessageEvent<WorkerStart>) => {
    roles[data.role]()
      .then(({ serve }) => serve(data.port))
      // The page hears of it as of an error in the script.
      .catch(reportError);
  },
  { once: true },
);
