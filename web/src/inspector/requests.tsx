import { useSignal } from '@preact/signals';
import { memo } from 'preact/compat';
import { useCallback } from 'preact/hooks';
import type { RequestBackend } from '../../../src/backend/contract.ts';
import { decodeRequest, type Field, queueName, summarise, type TracedRequest } from '../../../src/trace/index.ts';
import { bytesText, clockText, durationText, hex, hexBytes } from '../ui/format.ts';
import { Scroll } from '../ui/scroll.tsx';
import { flagNames } from './flags.ts';

interface Props {
  requests: readonly TracedRequest[];
  /** The text for an empty list. */
  empty: string;
}

/** Requests as a list. The chosen request is shown with its chain and its fields. */
export function RequestBrowser({ requests, empty }: Props) {
  // The request itself and not its number, because it may leave the list while the visitor looks at it.
  const chosen = useSignal<TracedRequest | undefined>(undefined);
  const choose = useCallback((request: TracedRequest) => {
    chosen.value = request;
  }, []);
  if (requests.length === 0 && !chosen.value) return <p class="hint">{empty}</p>;
  return (
    <>
      <Scroll label="Requests" tall>
        <table data-testid="requests">
          <thead>
            <tr>
              <th scope="col">time</th>
              <th scope="col">queue</th>
              <th scope="col">request</th>
              <th scope="col">algorithm</th>
              <th scope="col">size</th>
              <th scope="col">session</th>
              <th scope="col">status</th>
              <th scope="col">ran</th>
              <th scope="col">duration</th>
            </tr>
          </thead>
          <tbody>
            {requests.map((request) => (
              <RequestRow
                key={request.serial}
                request={request}
                isChosen={chosen.value?.serial === request.serial}
                onChoose={choose}
              />
            ))}
          </tbody>
        </table>
      </Scroll>
      {chosen.value && (
        <RequestDetail key={chosen.value.serial} request={chosen.value} onClose={() => (chosen.value = undefined)} />
      )}
    </>
  );
}

/** A longer chain (up to a thousand descriptors) scrolls by itself. */
export const ROWS_SEEN = 12;

const RAN: Record<RequestBackend, string> = { inline: 'inline', workers: 'worker', host: 'WebCrypto' };

interface RowProps {
  request: TracedRequest;
  isChosen: boolean;
  onChoose: (request: TracedRequest) => void;
}

/** A request does not change, so its row is made once, even if the list is made again. */
const RequestRow = memo(({ request, isChosen, onChoose }: RowProps) => {
  const { operation, algorithm, bytes, session, status } = summarise(request);
  const duration = durationText(request.duration);
  return (
    <tr class={isChosen ? 'next' : ''}>
      <td>
        <button type="button" class="link" onClick={() => onChoose(request)}>
          {clockText(request.startedAt)}
        </button>
      </td>
      <td>{queueName(request)}</td>
      <td>{operation}</td>
      <td>{algorithm}</td>
      <td>{bytesText(bytes)}</td>
      <td>{session}</td>
      <td class={status === 'OK' ? '' : 'problem'}>{status}</td>
      <td>{RAN[request.backend]}</td>
      <td>{request.batch > 1 ? `${duration} for ${request.batch}` : duration}</td>
    </tr>
  );
});

interface DetailProps {
  request: TracedRequest;
  /** Undefined while the request still waits: then there is nothing to close, and no answer. */
  onClose?: () => void;
}

/** A request with its chain and its fields. */
export function RequestDetail({ request, onClose }: DetailProps) {
  const keysShown = useSignal(false);
  const fields = decodeRequest(request);
  return (
    <div class="detail" data-testid="request-detail">
      <div class="title-row">
        <h4>
          {summarise(request).operation}, {request.ring} ring, {request.ring === 'packed' ? 'buffer id' : 'head'}{' '}
          {request.head}
        </h4>
        {onClose && (
          <button type="button" onClick={onClose}>
            Close
          </button>
        )}
      </div>
      <Scroll label="Descriptor chain" tall={request.descriptors.length > ROWS_SEEN}>
        <table>
          <caption>Descriptor chain</caption>
          <thead>
            <tr>
              <th scope="col">table</th>
              <th scope="col">#</th>
              <th scope="col">address</th>
              <th scope="col">length</th>
              <th scope="col">flags</th>
              <th scope="col">{request.ring === 'packed' ? 'id' : 'next'}</th>
            </tr>
          </thead>
          <tbody>
            {request.descriptors.map(({ table, index, address, bytes, flags, last }) => (
              <tr key={`${table} ${index}`}>
                <td>{table}</td>
                <td>{index}</td>
                <td>{hex(address)}</td>
                <td>{bytesText(bytes)}</td>
                <td>{flagNames(flags)}</td>
                <td>{last}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {fields.some(({ secret }) => secret) && (
        <label class="check">
          <input
            type="checkbox"
            checked={keysShown.value}
            onChange={({ currentTarget }) => (keysShown.value = currentTarget.checked)}
          />
          Show the key
        </label>
      )}
      <FieldTable part="readable" caption="What the driver wrote" fields={fields} keysShown={keysShown.value} />
      {onClose && (
        <FieldTable
          part="writable"
          caption={`What the device wrote: ${request.usedBytes} bytes`}
          fields={fields}
          keysShown={keysShown.value}
        />
      )}
    </div>
  );
}

interface FieldTableProps {
  part: Field['part'];
  caption: string;
  fields: readonly Field[];
  keysShown: boolean;
}

/** How many bytes of a long field are shown. */
const BYTES_SHOWN = 32;

function FieldTable({ part, caption, fields, keysShown }: FieldTableProps) {
  return (
    <Scroll label={caption}>
      <table>
        <caption>{caption}</caption>
        <thead>
          <tr>
            <th scope="col">offset</th>
            <th scope="col">bytes</th>
            <th scope="col">field</th>
            <th scope="col">meaning</th>
            <th scope="col">section</th>
          </tr>
        </thead>
        <tbody>
          {fields
            .filter((field) => field.part === part)
            .map((field) => (
              <tr key={`${field.offset} ${field.name}`}>
                <td>{field.offset}</td>
                <td class="bytes">{field.secret && !keysShown ? '•• hidden' : shown(field)}</td>
                <th scope="row">{field.name}</th>
                <td>{field.value}</td>
                <td>{field.section}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function shown({ data, bytes }: Field): string {
  const text = hexBytes(data.subarray(0, BYTES_SHOWN));
  return bytes > BYTES_SHOWN ? `${text} …` : text;
}
