import { expose } from 'comlink';
import { VmHost } from './host.ts';
import { TurnClock } from './turn_clock.ts';

/** The machine's worker: it talks to the page through the port. */
export function serve(port: MessagePort): void {
  // v86 starts one worker, its clock. The device's workers are started by the page.
  Object.assign(globalThis, { Worker: TurnClock });
  expose(new VmHost(), port);
}
