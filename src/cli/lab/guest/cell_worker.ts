// A thread that runs cells of a guest's matrix, one after another: a machine keeps its thread's processor busy.
import { parentPort, workerData } from 'node:worker_threads';
import { type BootedBase, type GuestCell, runGuestCell } from './run_cell.ts';

const { base, limitMs }: { base: BootedBase; limitMs: number } = workerData;

parentPort?.on('message', async (cell: GuestCell) => {
  try {
    parentPort?.postMessage({ result: await runGuestCell(cell, base, limitMs) });
  } catch (error) {
    parentPort?.postMessage({ error: error instanceof Error ? error.message : String(error) });
  }
});
