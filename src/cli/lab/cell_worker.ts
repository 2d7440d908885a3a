// A thread that runs cells: one that never gives the processor back can be ended from outside.
import { parentPort, workerData } from 'node:worker_threads';
import { type Cell, type MakeDriver, runCell } from '../../lab/index.ts';
import { loadDriverFile } from './driver_file.ts';

const { driverFile }: { driverFile: string | undefined } = workerData;
const own: MakeDriver | undefined = driverFile === undefined ? undefined : await loadDriverFile(driverFile);

parentPort?.on('message', async (cell: Cell) => {
  try {
    parentPort?.postMessage({ result: await runCell(cell, own) });
  } catch (error) {
    parentPort?.postMessage({ error: error instanceof Error ? error.message : String(error) });
  }
});
