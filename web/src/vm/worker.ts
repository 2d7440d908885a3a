import { expose } from 'comlink';
import { VmHost } from './host.ts';
import { TurnClock } from './turn_clock.ts';

// v86 starts one worker, its clock. The device's workers are started by the page.
Object.assign(globalThis, { Worker: TurnClock });
expose(new VmHost());
