import { bytesText, figure } from '../ui/format.ts';
import { Scroll } from '../ui/scroll.tsx';
import { RECORD_SIZES, type TlsSpeeds, TRANSFER_MIB, tlsFigures } from './tls.ts';

/** What a page shows in place of the experiment if its guest has no OpenSSL. */
export function WithoutTls() {
  return (
    <section class="card" aria-labelledby="tls-title" data-testid="tls">
      <h3 id="tls-title">TLS records</h3>
      <p>
        The guest of this page has no OpenSSL. A page that is built with <kbd>npm run web:build -- --tls</kbd>, or
        served with <kbd>npm run web -- --tls</kbd>, shows here what the device does for TLS.
      </p>
    </section>
  );
}

/** The figures of the experiment, while it measures. Shows nothing before the first run. */
export function TlsTable() {
  const { records, transfer } = tlsFigures.value;
  if (records.size === 0) return null;
  return (
    <Scroll label="Throughput of TLS">
      <table data-testid="tls-table">
        <caption>AES-128-GCM by OpenSSL in the guest, MB/s</caption>
        <thead>
          <tr>
            <th scope="col">record</th>
            <th scope="col">software</th>
            <th scope="col">device</th>
            <th scope="col">ratio</th>
          </tr>
        </thead>
        <tbody>
          {RECORD_SIZES.map((bytes) => (
            <Row key={bytes} label={bytesText(bytes)} speeds={records.get(bytes)} />
          ))}
          <Row label={`transfer of ${TRANSFER_MIB} MiB`} speeds={transfer} />
        </tbody>
      </table>
    </Scroll>
  );
}

function Row({ label, speeds }: { label: string; speeds: TlsSpeeds | undefined }) {
  return (
    <tr>
      <th scope="row">{label}</th>
      <td>{speeds ? figure(speeds.software) : '–'}</td>
      <td>{speeds ? figure(speeds.device) : '–'}</td>
      <td>{speeds ? `${figure(speeds.device / speeds.software)} ×` : '–'}</td>
    </tr>
  );
}
