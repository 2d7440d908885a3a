// What runs in the page: Vite bundles it into one script, which page_server.ts serves.
import { BACKENDS } from '../../../backend/contract.ts';
import { engineBuild } from '../../../engine/load.ts';
import { rowsOf } from '../cases.ts';
import { backendOver } from '../flight.ts';
import { BenchError } from '../implementation.ts';
import { runRows } from '../run.ts';
import type { BenchPage, RowAnswer, RowOrder } from './protocol.ts';

declare global {
  var virtioCryptoBench: BenchPage;
}

async function measure({ expected, options, rowMilliseconds, ...place }: RowOrder): Promise<RowAnswer> {
  try {
    const [result] = await runRows({
      rows: rowsOf([place.case], [place.bytes], [place.batch]),
      implementations: BACKENDS.map((backend) => backendOver(backend, { backend, ...options })),
      expected: async () => expected,
      rowMilliseconds,
    });
    return { speeds: result?.speeds ?? {}, costs: result?.costs };
  } catch (error) {
    return { error: error instanceof BenchError ? error.message : String(error) };
  }
}

globalThis.virtioCryptoBench = {
  facts: () => ({ isolated: globalThis.crossOriginIsolated, build: engineBuild() }),
  measure,
};
