import type { GuestConsole } from '../../guest/console.ts';
import { unloadDriver } from '../../guest/selftest.ts';
import { measureTls, measureTransfer, TLS_ALGORITHMS, TLS_BYTES, TRANSFER_SUITE } from '../../guest/tls_speed.ts';
import type { Output } from '../output.ts';
import { progressBar, table } from './table.ts';

/** What OpenSSL in the guest does with its own code, and by the device, in 10^6 bytes a second. */
export interface TlsRow {
  /** Records that one process encrypts. */
  algorithm?: string;
  /** Bytes that go from process to process. */
  transfer?: 'TLS1.3';
  bytes: number;
  softwareMBps: number;
  deviceMBps: number;
  ratio: number;
}

/** Measures OpenSSL in the guest. The kernel's driver is unloaded for it. Empty in a guest that has no OpenSSL over the device. */
export async function measureTlsRows(console: GuestConsole, output: Output): Promise<TlsRow[]> {
  const shell = { run: async (command: string) => (await console.run(command)).output };
  if ((await console.run('which openssl evp-check')).status !== 0) return [];
  output.line('Measuring OpenSSL in the guest: its own code beside the device, about 60 s');
  const bar = progressBar(output, TLS_ALGORITHMS.length * TLS_BYTES.length + 1);
  try {
    await unloadDriver(console);
    const rows = (await measureTls(shell, () => bar?.increment())).map((figure) => withRatio(figure));
    const { suite: _, ...transfer } = await measureTransfer(shell);
    return [...rows, withRatio({ transfer: 'TLS1.3' as const, ...transfer })];
  } finally {
    bar?.stop();
    await console.run('vcrypto-selftest release');
  }
}

function withRatio<Row extends { softwareMBps: number; deviceMBps: number }>(row: Row): Row & { ratio: number } {
  const round = (value: number) => Math.round(value * 100) / 100;
  const [softwareMBps, deviceMBps] = [round(row.softwareMBps), round(row.deviceMBps)];
  return { ...row, softwareMBps, deviceMBps, ratio: round(row.deviceMBps / row.softwareMBps) };
}

/** The rows as people read them. */
export function tlsTable(rows: readonly TlsRow[], colors: Output['colors']): string {
  return table(
    ['OpenSSL', 'record', 'software MB/s', 'device MB/s', 'ratio'],
    rows.map(({ algorithm, bytes, softwareMBps, deviceMBps, ratio }) => {
      const size =
        bytes < 1024 ? `${bytes} B` : bytes < 1 << 20 ? `${bytes / 1024} KiB` : `${bytes / (1 << 20)} MiB in all`;
      const factor = `${ratio.toFixed(1)} ×`;
      return [
        algorithm ?? `transfer, ${TRANSFER_SUITE}`,
        size,
        softwareMBps.toFixed(1),
        deviceMBps.toFixed(1),
        ratio > 1 ? colors.green(factor) : factor,
      ];
    }),
  );
}
