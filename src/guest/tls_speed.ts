import { GuestMeasureError, type GuestShell } from './measure.ts';

/** Encryption of one kind of records by OpenSSL in the guest, with its own code and by the device, in 10^6 bytes a second. */
export interface TlsFigure {
  readonly algorithm: string;
  readonly bytes: number;
  readonly softwareMBps: number;
  readonly deviceMBps: number;
}

/** A transfer by TLS 1.3 between two processes of the guest, in 10^6 bytes a second. */
export interface TransferFigure {
  readonly suite: string;
  readonly bytes: number;
  readonly softwareMBps: number;
  readonly deviceMBps: number;
}

export const TLS_ALGORITHMS = ['AES-128-GCM', 'AES-256-GCM', 'ChaCha20-Poly1305'] as const;
export const TLS_BYTES = [64, 1024, 16384] as const;
export const TRANSFER_MIB = 4;
export const TRANSFER_SUITE = 'TLS_AES_128_GCM_SHA256';

/** Reads the line of `evp-check speed`; undefined if it is another one. */
export function parseTlsSpeed(text: string): TlsFigure | undefined {
  const match = /^speed (\S+) (\d+): software ([\d.]+) us, device ([\d.]+) us$/m.exec(text);
  if (match === null) return undefined;
  const [bytes, software, device] = [Number(match[2]), Number(match[3]), Number(match[4])];
  if (!(software > 0 && device > 0)) return undefined;
  return { algorithm: match[1] ?? '', bytes, softwareMBps: bytes / software, deviceMBps: bytes / device };
}

/**
 * Measures OpenSSL with its own code and by the device. The kernel's driver must not use the device. The clock is not
 * `openssl speed`: that feeds one endless message in pieces, which no TLS record is, and which OpenSSL's own code serves.
 * @throws GuestMeasureError if the guest measures nothing
 */
export async function measureTls(shell: GuestShell, onFigure: () => void = () => {}): Promise<TlsFigure[]> {
  const figures: TlsFigure[] = [];
  for (const algorithm of TLS_ALGORITHMS) {
    for (const bytes of TLS_BYTES) {
      const answer = await shell.run(`evp-check speed ${algorithm} ${bytes} 2>&1`);
      const figure = parseTlsSpeed(answer);
      if (figure === undefined) throw new GuestMeasureError(`OpenSSL did not measure ${algorithm}:\n${answer}`);
      figures.push(figure);
      onFigure();
    }
  }
  return figures;
}

const prepareCommand = (mib: number): string =>
  [
    'busybox ifconfig lo 127.0.0.1 up',
    'cd /tmp; [ -p tls-open ] || mkfifo tls-open',
    `seq 1 9999999 | head -c ${mib}m > tls-text`,
    'OPENSSL_CONF=/dev/null openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout tls-key -out tls-cert -subj /CN=guest 2>/dev/null',
  ].join('; ');

/**
 * Sends the text through TLS, from s_client to s_server. Prints the seconds from the connection to the end, if all came over. The client
 * ends with its text only if -no_ign_eof comes behind -quiet, which says the opposite.
 */
function transferCommand(configuration: string): string {
  const options = `-quiet -tls1_3 -ciphersuites ${TRANSFER_SUITE}`;
  return [
    `cd /tmp; ${configuration} openssl s_server -accept 4433 -cert tls-cert -key tls-key -naccept 1 ${options} > tls-received 2>/dev/null <>tls-open &`,
    `server=$!; until grep -q ':1151 [0-9A-F:]* 0A' /proc/net/tcp /proc/net/tcp6; do kill -0 $server || exit 1; usleep 100000; done; start=$(cut -d" " -f1 /proc/uptime)`,
    `${configuration} openssl s_client -connect 127.0.0.1:4433 ${options} -no_ign_eof < tls-text > /dev/null 2>&1 || kill $server; wait $server`,
    'end=$(cut -d" " -f1 /proc/uptime); cmp tls-text tls-received && echo "transfer from $start to $end"',
  ].join('\n');
}

/**
 * Measures a transfer between two processes, from the start of the client: so it includes a handshake.
 * @param mib the text's length in MiB
 * @throws GuestMeasureError if not all of the text came over
 */
export async function measureTransfer(shell: GuestShell, mib = TRANSFER_MIB): Promise<TransferFigure> {
  await shell.run(prepareCommand(mib));
  const bytes = mib * 1024 * 1024;
  const speed = async (configuration: string): Promise<number> => {
    const answer = await shell.run(transferCommand(configuration));
    const match = /^transfer from ([\d.]+) to ([\d.]+)$/m.exec(answer);
    if (match === null) throw new GuestMeasureError(`The transfer by TLS failed:\n${answer}`);
    return bytes / 1e6 / (Number(match[2]) - Number(match[1]));
  };
  // One after the other: both write the same file.
  const softwareMBps = await speed('OPENSSL_CONF=/dev/null');
  const deviceMBps = await speed('');
  return { suite: TRANSFER_SUITE, bytes, softwareMBps, deviceMBps };
}
